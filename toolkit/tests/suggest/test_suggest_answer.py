from __future__ import annotations

import json
import random
from typing import Any

import pytest
from searches import DROPOUT, LAYERS, MOMENTUM, OPTIMIZER, RATE, done, quality, space

from aimass_toolkit.suggest.answer import answer
from aimass_toolkit.suggest.problems import RequestInvalid

Trials = list[dict[str, Any]]

SPACES = [
    pytest.param(space("random", RATE, OPTIMIZER, MOMENTUM, seed=1), id="random"),
    pytest.param(space("tpe", RATE, LAYERS, OPTIMIZER, DROPOUT), id="tpe"),
    pytest.param(space("tpe", RATE, LAYERS, OPTIMIZER, MOMENTUM, goal="minimize"), id="tpe, conditional"),
    pytest.param(space("gp", RATE, LAYERS, OPTIMIZER), id="gp"),
    pytest.param(space("cmaes", RATE, LAYERS, DROPOUT), id="cmaes"),
    pytest.param(space("grid", LAYERS, OPTIMIZER, DROPOUT), id="grid"),
]


def ask(search: dict[str, Any], trials: Trials, count: int = 1) -> dict[str, Any]:
    """The answer as a caller sees it, through JSON."""
    return json.loads(json.dumps(answer(json.loads(json.dumps({"search": search, "trials": trials, "count": count})))))


def points(search: dict[str, Any], trials: Trials, count: int = 1) -> list[dict[str, Any]]:
    return [one["parameters"] for one in ask(search, trials, count)["suggestions"]]


def score(point: dict[str, Any]) -> float:
    return quality({"learningRate": 0.01, "layers": 3, **point})


def ledger(search: dict[str, Any], size: int) -> Trials:
    """A search of so many trials, one after the other."""
    trials: Trials = []
    for number in range(size):
        [point] = points(search, trials)
        trials.append(done(number, point, score(point)))
    return trials


@pytest.mark.parametrize("search", SPACES)
def test_the_same_request_has_the_same_answer_whatever_was_asked_before(search: dict[str, Any]) -> None:
    trials = ledger(search, 14)
    first = ask(search, trials, 2)
    ask(search, trials[:5], 3)
    ask(space("random", RATE), [], 4)
    assert ask(search, trials, 2) == first
    assert ask(search, list(reversed(trials)), 2) == first


@pytest.mark.parametrize("search", SPACES)
def test_three_at_once_are_the_same_as_one_by_one(search: dict[str, Any]) -> None:
    trials = ledger(search, 12)
    together = points(search, trials, 3)
    for number in range(12, 15):
        [point] = points(search, trials)
        trials.append({"number": number, "parameters": point, "state": "Running"})
    assert [trial["parameters"] for trial in trials[12:]] == together


@pytest.mark.parametrize("search", SPACES)
def test_trials_side_by_side_differ(search: dict[str, Any]) -> None:
    together = points(search, ledger(search, 12), 6)
    assert len({json.dumps(point, sort_keys=True) for point in together}) == 6


@pytest.mark.parametrize("algorithm", ["tpe", "gp", "cmaes"])
def test_what_learns_beats_chance(algorithm: str) -> None:
    dimensions = (RATE, LAYERS, DROPOUT)
    best = max(trial["value"] for trial in ledger(space(algorithm, *dimensions, seed=5), 40))
    chance = max(trial["value"] for trial in ledger(space("random", *dimensions, seed=5), 40))
    assert best > chance


def test_minimizing_finds_the_other_end() -> None:
    search = space("gp", {"name": "x", "type": "float", "min": -1, "max": 3}, goal="minimize")
    trials: Trials = []
    for number in range(20):
        [point] = points(search, trials)
        trials.append(done(number, point, (point["x"] - 1) ** 2))
    assert min(trial["value"] for trial in trials) < 0.001


def test_a_seed_changes_the_search() -> None:
    assert points(space("random", RATE, seed=1), []) != points(space("random", RATE, seed=2), [])


def test_a_parameter_exists_only_under_its_condition() -> None:
    seen = points(space("tpe", MOMENTUM, OPTIMIZER), [], 40)
    assert {("momentum" in point) == (point["optimizer"] == "sgd") for point in seen} == {True}
    assert {point["optimizer"] for point in seen} == {"sgd", "adam"}
    assert all(next(iter(point)) == "momentum" for point in seen if "momentum" in point)


def test_values_keep_their_types() -> None:
    mixed = {"name": "mixed", "type": "categorical", "values": [1, True, "1", 2.5]}
    seen = points(space("grid", mixed), [], 10)
    assert [(type(point["mixed"]), point["mixed"]) for point in seen] == [
        (int, 1),
        (bool, True),
        (str, "1"),
        (float, 2.5),
    ]
    assert points(space("grid", mixed), [done(0, {"mixed": True}, 1)], 10)[0] == {"mixed": 1}


def test_a_grid_goes_through_all_points_in_order() -> None:
    search = space("grid", OPTIMIZER, {**DROPOUT, "max": 0.2}, {**MOMENTUM, "step": 0.33, "max": 0.66})
    result = ask(search, [], 50)
    seen = [tuple(one["parameters"].values()) for one in result["suggestions"]]
    assert seen[:4] == [("sgd", 0.0, 0.0), ("sgd", 0.0, 0.33), ("sgd", 0.0, 0.66), ("sgd", 0.1, 0.0)]
    assert seen[9:] == [("adam", 0.0), ("adam", 0.1), ("adam", 0.2)]
    assert result["exhausted"]
    rest = ask(search, [done(1, {"optimizer": "sgd", "dropout": 0.1, "momentum": 0.33}, state="Failed")], 50)
    assert len(rest["suggestions"]) == 11


@pytest.mark.parametrize("algorithm", ["random", "tpe", "gp"])
def test_a_finite_space_is_exhausted_without_repeating_a_point(algorithm: str) -> None:
    search = space(algorithm, OPTIMIZER, {**LAYERS, "max": 4})
    trials: Trials = []
    while not (result := ask(search, trials))["exhausted"]:
        point = result["suggestions"][0]["parameters"]
        assert point not in [trial["parameters"] for trial in trials]
        trials.append(done(len(trials), point, float(point["layers"])))
    assert len(trials) == 7
    [last] = result["suggestions"]
    through = ask(search, [*trials, done(7, last["parameters"], 1)], 3)
    assert through == {"suggestions": [], "prune": [], "exhausted": True}


def test_the_last_trial_of_the_limit_is_the_last() -> None:
    generator = random.Random(1)
    trials = [
        done(number, {"learningRate": 10 ** generator.uniform(-5, -1)}, generator.random()) for number in range(1999)
    ]
    search = space("random", RATE)
    assert len(points(search, trials, 5)) == 1
    with pytest.raises(RequestInvalid, match="at most 2000"):
        ask(search, [*trials, *(done(number, {"learningRate": 0.01}, 1) for number in (2000, 2001))])


def test_failed_pruned_and_empty_handed_trials_are_no_obstacle() -> None:
    search = space("tpe", RATE, LAYERS)
    point = {"learningRate": 0.01, "layers": 2}
    trials = ledger(search, 10)
    trials += [
        done(10, point, state="Failed"),
        done(11, point),
        done(12, point, state="Pruned", curve=[[1, 0.2], [2, None]]),
    ]
    assert len(points(search, trials, 2)) == 2


@pytest.mark.parametrize(
    ("trial", "says"),
    [
        (done(0, {"layers": 9}, 1), "trials[number 0].parameters.layers is 9, which is outside the search space"),
        (done(0, {}, 1), "trials[number 0].parameters.layers is missing"),
        (done(0, {"layers": 2, "depth": 1}, 1), "depth is no active parameter of the search; those are layers"),
        (done(0, {"layers": 2}, 1, state="Done"), "state is 'Done'; it must be one of Running, Succeeded"),
        (done(0, {"layers": 2}, "much"), "value is 'much'; it must be a number"),  # type: ignore[arg-type]
        (done(0, {"layers": 2}, 1, curve=[[1]]), "curve[0] is [1]; it must be [step, value]"),
        (done(0, {"layers": 2}, 1, curve=[[0.5, 1]]), "curve[0] is 0.5; it must be a whole number"),
        (done(-1, {"layers": 2}, 1), "trials[0].number is -1"),
        ([], "trials[0] is []; it must be an object"),
    ],
)
def test_a_ledger_that_does_not_fit_is_refused(trial: Any, says: str) -> None:
    with pytest.raises(RequestInvalid) as caught:
        ask(space("tpe", LAYERS), [trial])
    assert says in caught.value.message


def test_numbers_are_unique() -> None:
    with pytest.raises(RequestInvalid, match="another trial has"):
        ask(space("tpe", LAYERS), [done(1, {"layers": 2}, 1), done(1, {"layers": 3}, 1)])
