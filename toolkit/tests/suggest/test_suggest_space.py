from __future__ import annotations

from typing import Any

import pytest
from searches import DROPOUT, LAYERS, MOMENTUM, OPTIMIZER, RATE, space

from aimass_toolkit.suggest.problems import SearchSpaceInvalid
from aimass_toolkit.suggest.reading import read_search


@pytest.mark.parametrize(
    ("search", "field", "says"),
    [
        pytest.param(space("tpe"), "search.parameters", "no parameter", id="no parameter"),
        pytest.param({**space("tpe", RATE), "parameters": None}, "search.parameters", "must be a list", id="no list"),
        pytest.param(space("magic", RATE), "search.algorithm", "'magic' is not known", id="unknown algorithm"),
        pytest.param(space("tpe", RATE, goal="up"), "search.objective.goal", "maximize, minimize", id="unknown goal"),
        pytest.param(
            space("tpe", {**LAYERS, "min": 9}),
            "search.parameters[layers].min",
            "9 is greater than max, 8",
            id="min > max",
        ),
        pytest.param(
            space("tpe", {**RATE, "min": 0}), "search.parameters[learningRate].min", "no logarithm", id="log of 0"
        ),
        pytest.param(
            space("tpe", {**RATE, "step": 0.01}), "search.parameters[learningRate].step", "log", id="log with step"
        ),
        pytest.param(
            space("tpe", {**LAYERS, "step": 9}),
            "search.parameters[layers].step",
            "more than the distance",
            id="step > range",
        ),
        pytest.param(space("tpe", {**LAYERS, "step": 0}), "search.parameters[layers].step", "above 0", id="step 0"),
        pytest.param(space("tpe", {**LAYERS, "min": 1.5}), "search.parameters[layers].min", "whole", id="int from 1.5"),
        pytest.param(
            space("tpe", {"name": "x", "type": "float", "min": 1}), "search.parameters[x].max", "number", id="no max"
        ),
        pytest.param(
            space("tpe", {**OPTIMIZER, "values": []}), "search.parameters[optimizer].values", "empty", id="no values"
        ),
        pytest.param(
            space("tpe", {**OPTIMIZER, "values": [1, 1.0]}),
            "search.parameters[optimizer].values",
            "twice",
            id="equal values",
        ),
        pytest.param(
            space("tpe", {**OPTIMIZER, "min": 1}),
            "search.parameters[optimizer].min",
            "values",
            id="categorical with min",
        ),
        pytest.param(
            space("tpe", {**LAYERS, "values": [1]}),
            "search.parameters[layers].values",
            "categorical",
            id="int with values",
        ),
        pytest.param(space("tpe", RATE, RATE), "search.parameters[learningRate].name", "rename", id="same name twice"),
        pytest.param(
            space("tpe", MOMENTUM),
            "search.parameters[momentum].when.parameter",
            "no parameter 'optimizer'",
            id="unknown when",
        ),
        pytest.param(
            space("tpe", OPTIMIZER, {**MOMENTUM, "when": {"parameter": "optimizer", "in": ["lion"]}}),
            "search.parameters[momentum].when.in",
            "never has the value 'lion'",
            id="when that never holds",
        ),
        pytest.param(
            space("tpe", OPTIMIZER, {**MOMENTUM, "when": {"parameter": "optimizer", "in": []}}),
            "search.parameters[momentum].when.in",
            "never exist",
            id="when of nothing",
        ),
        pytest.param(
            space("tpe", RATE, {**MOMENTUM, "when": {"parameter": "learningRate", "in": [0.01]}}),
            "search.parameters[momentum].when.parameter",
            "infinitely many",
            id="when of a continuous parameter",
        ),
        pytest.param(
            space(
                "tpe",
                {**OPTIMIZER, "name": "a", "when": {"parameter": "b", "in": ["sgd"]}},
                {**OPTIMIZER, "name": "b", "when": {"parameter": "a", "in": ["sgd"]}},
            ),
            "search.parameters[a].when",
            "circle",
            id="circle",
        ),
        pytest.param(
            space("tpe", {**OPTIMIZER, "when": {"parameter": "optimizer", "in": ["sgd"]}}),
            "search.parameters[optimizer].when",
            "circle",
            id="when of itself",
        ),
        pytest.param(space("gp", OPTIMIZER, MOMENTUM), "search.algorithm", "use tpe", id="conditional gp"),
        pytest.param(space("cmaes", OPTIMIZER, MOMENTUM), "search.algorithm", "use tpe", id="conditional cmaes"),
        pytest.param(space("cmaes", RATE, OPTIMIZER), "search.algorithm", "categorical", id="categorical cmaes"),
        pytest.param(space("cmaes", RATE), "search.algorithm", "two parameters", id="cmaes of one"),
        pytest.param(space("grid", RATE), "search.parameters[learningRate].step", "needs a step", id="grid of a float"),
        pytest.param({**space("tpe", RATE), "maxTrials": 2001}, "search.maxTrials", "2000", id="too many trials"),
        pytest.param(
            space("tpe", RATE, earlyStopping={"algorithm": "asha", "reductionFactor": 1}),
            "search.earlyStopping.reductionFactor",
            "from 2 to 16",
            id="halving by one",
        ),
    ],
)
def test_a_space_that_contradicts_itself_is_refused_by_field(search: Any, field: str, says: str) -> None:
    with pytest.raises(SearchSpaceInvalid) as caught:
        read_search(search)
    assert caught.value.field == field
    assert says in caught.value.message
    assert caught.value.body()["error"]["reason"] == "SearchSpaceInvalid"


def test_a_condition_may_come_before_what_it_depends_on() -> None:
    search = read_search(space("tpe", MOMENTUM, OPTIMIZER))
    assert [parameter.name for parameter in search.parameters] == ["optimizer", "momentum"]
    assert search.declared == ("momentum", "optimizer")


def test_the_end_of_a_range_is_on_its_step() -> None:
    search = read_search(space("grid", {**DROPOUT, "max": 0.35}, {**LAYERS, "step": 3}))
    dropout, layers = search.parameters
    assert [dropout.at(index) for index in range(dropout.count or 0)] == [0.0, 0.1, 0.2, 0.3]
    assert [layers.at(index) for index in range(layers.count or 0)] == [1, 4, 7]


def test_a_range_of_one_value_is_a_space() -> None:
    search = read_search(space("random", {"name": "x", "type": "float", "min": 2, "max": 2}))
    assert search.parameters[0].count == 1
