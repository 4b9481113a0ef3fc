"""`spec.search` of a request, checked for everything that contradicts itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .dimension import choose, read_parameter
from .fields import as_list, as_object, as_whole, show
from .problems import RequestInvalid, SearchSpaceInvalid
from .space import MOST_TRIALS, Parameter, Search, Stopping, can_have

MOST_PARAMETERS = 32
ALGORITHMS = ("grid", "random", "tpe", "gp", "cmaes")
GOALS = ("maximize", "minimize")
STOPPERS = ("median", "asha")


def read_search(document: Any) -> Search:
    """The search space of a request; raises SearchSpaceInvalid with the field for what cannot be searched."""
    search = as_object(document, "search")
    try:
        return _read(search)
    except RequestInvalid as problem:
        field, _, rest = problem.message.partition(" ")
        raise SearchSpaceInvalid(field, rest) from problem


def _read(search: Mapping[str, Any]) -> Search:
    algorithm = choose(search.get("algorithm", "tpe"), "search.algorithm", ALGORITHMS)
    objective = as_object(search.get("objective"), "search.objective")
    goal = choose(objective.get("goal"), "search.objective.goal", GOALS)
    members = as_list(search.get("parameters"), "search.parameters", MOST_PARAMETERS)
    if not members:
        raise SearchSpaceInvalid("search.parameters", "there is no parameter to search; add one")
    if "maxTrials" in search:
        as_whole(search["maxTrials"], "search.maxTrials", 1, MOST_TRIALS)
    parameters = [read_parameter(member, f"search.parameters[{index}]") for index, member in enumerate(members)]
    result = Search(
        algorithm,
        goal == "maximize",
        _in_order(parameters),
        tuple(parameter.name for parameter in parameters),
        as_whole(search.get("seed") or 0, "search.seed", 0),
        _stopping(search.get("earlyStopping")),
    )
    _check_algorithm(result)
    return result


def _in_order(parameters: list[Parameter]) -> tuple[Parameter, ...]:
    """Each parameter after the one that it depends on, else as declared."""
    named: dict[str, Parameter] = {}
    for parameter in parameters:
        if parameter.name in named:
            raise SearchSpaceInvalid(
                f"search.parameters[{parameter.name}].name", "two parameters have this name; rename one"
            )
        named[parameter.name] = parameter
    for parameter in parameters:
        _check_when(parameter, named)
    placed: dict[str, Parameter] = {}
    while len(placed) < len(named):
        ready = [one for one in parameters if one.name not in placed and (not one.when or one.when.parameter in placed)]
        if not ready:
            circle = next(one.name for one in parameters if one.name not in placed)
            raise SearchSpaceInvalid(
                f"search.parameters[{circle}].when", "it depends on itself in a circle; leave out one of the conditions"
            )
        placed.update({one.name: one for one in ready})
    return tuple(placed.values())


def _check_when(parameter: Parameter, named: Mapping[str, Parameter]) -> None:
    if parameter.when is None:
        return
    field = f"search.parameters[{parameter.name}].when"
    other = named.get(parameter.when.parameter)
    if other is None:
        raise SearchSpaceInvalid(
            f"{field}.parameter",
            f"there is no parameter {show(parameter.when.parameter)}; there are {', '.join(named)}",
        )
    if other.count is None:
        raise SearchSpaceInvalid(
            f"{field}.parameter", f"{other.name} has infinitely many values; depend on a categorical or int parameter"
        )
    for value in parameter.when.values:
        if not can_have(other, value):
            raise SearchSpaceInvalid(f"{field}.in", f"{other.name} never has the value {show(value)}")


def _stopping(document: Any) -> Stopping | None:
    if document is None:
        return None
    field = "search.earlyStopping"
    member = as_object(document, field)
    algorithm = choose(member.get("algorithm"), f"{field}.algorithm", STOPPERS)
    return Stopping(
        algorithm,
        as_whole(member.get("startupTrials", 5), f"{field}.startupTrials", 0, MOST_TRIALS),
        as_whole(member.get("minSteps", 1), f"{field}.minSteps", 1, 100_000),
        as_whole(member.get("reductionFactor", 3), f"{field}.reductionFactor", 2, 16),
    )


def _check_algorithm(search: Search) -> None:
    field = "search.algorithm"
    if search.algorithm in ("gp", "cmaes") and search.conditional:
        names = ", ".join(one.name for one in search.parameters if one.when)
        raise SearchSpaceInvalid(
            field, f"{search.algorithm} knows no conditional parameters ({names}); use tpe, or leave out when"
        )
    if search.algorithm == "grid":
        for parameter in search.parameters:
            if parameter.count is None:
                raise SearchSpaceInvalid(
                    f"search.parameters[{parameter.name}].step", "a grid needs a step for a float parameter; give one"
                )
    if search.algorithm == "cmaes":
        _check_cmaes(search)


def _check_cmaes(search: Search) -> None:
    categorical = [one.name for one in search.parameters if one.type == "categorical"]
    if categorical:
        raise SearchSpaceInvalid(
            "search.algorithm", f"cmaes searches numbers, and {', '.join(categorical)} is categorical; use tpe or gp"
        )
    if sum(one.count != 1 for one in search.parameters) < 2:
        raise SearchSpaceInvalid(
            "search.algorithm", "cmaes needs at least two parameters that can change; use tpe or gp"
        )
