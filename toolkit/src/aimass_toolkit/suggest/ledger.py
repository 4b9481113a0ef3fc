"""The trials of a request, checked against the search space."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .fields import Scalar, as_list, as_number, as_object, as_scalar, as_whole, show
from .points import Point, is_active
from .problems import RequestInvalid
from .space import MOST_TRIALS, Parameter, Search, can_have

STATES = ("Running", "Succeeded", "Failed", "Pruned")
MOST_CURVE_POINTS = 100_000
MOST_SUGGESTIONS = 100


@dataclass(frozen=True)
class PastTrial:
    """A trial that has a number: it runs or has ended. ``curve`` is step to value, a value that is no number is NaN."""

    number: int
    point: Point
    state: str
    value: float | None
    curve: dict[int, float]

    @property
    def result(self) -> float | None:
        """The value to learn from: of a trial that ended well with a finite one."""
        return self.value if self.state == "Succeeded" else None


def read_trials(document: Any, search: Search) -> list[PastTrial]:
    """The trials by number."""
    members = as_list([] if document is None else document, "trials", MOST_TRIALS)
    trials: dict[int, PastTrial] = {}
    for index, member in enumerate(members):
        trial = _trial(as_object(member, f"trials[{index}]"), index, search)
        if trial.number in trials:
            raise RequestInvalid(
                f"trials[{index}].number is {trial.number}, which another trial has; numbers are unique"
            )
        trials[trial.number] = trial
    return [trials[number] for number in sorted(trials)]


def _trial(member: Mapping[str, Any], index: int, search: Search) -> PastTrial:
    number = as_whole(member.get("number"), f"trials[{index}].number", 0)
    field = f"trials[number {number}]"
    state = member.get("state")
    if state not in STATES:
        raise RequestInvalid(f"{field}.state is {show(state)}; it must be one of {', '.join(STATES)}")
    return PastTrial(
        number,
        _point(as_object(member.get("parameters"), f"{field}.parameters"), f"{field}.parameters", search),
        state,
        _value(member.get("value"), f"{field}.value"),
        _curve(member.get("curve"), f"{field}.curve"),
    )


def _value(value: Any, field: str) -> float | None:
    return None if value is None else as_number(value, field)


def _curve(document: Any, field: str) -> dict[int, float]:
    curve: dict[int, float] = {}
    for index, pair in enumerate(as_list([] if document is None else document, field, MOST_CURVE_POINTS)):
        where = f"{field}[{index}]"
        members = as_list(pair, where, 2)
        if len(members) != 2:
            raise RequestInvalid(f"{where} is {show(pair)}; it must be [step, value]")
        # null is how JSON says NaN: a training that diverged.
        value = math.nan if members[1] is None else as_number(members[1], where)
        curve[as_whole(members[0], where, 0)] = value
    return curve


def _point(member: Mapping[str, Any], field: str, search: Search) -> Point:
    point: Point = {}
    for parameter in search.parameters:
        if is_active(parameter, point):
            point[parameter.name] = _parameter_value(parameter, member, field)
    extra = [name for name in member if name not in point]
    if extra:
        raise RequestInvalid(f"{field}.{extra[0]} is no active parameter of the search; those are {', '.join(point)}")
    return point


def _parameter_value(parameter: Parameter, member: Mapping[str, Any], field: str) -> Scalar:
    field = f"{field}.{parameter.name}"
    if parameter.name not in member:
        raise RequestInvalid(f"{field} is missing")
    value = as_scalar(member[parameter.name], field)
    if not can_have(parameter, value):
        raise RequestInvalid(f"{field} is {show(value)}, which is outside the search space")
    if parameter.type == "categorical":
        return parameter.values[parameter.index(value)]
    return int(value) if parameter.type == "int" else min(max(float(value), parameter.low), parameter.high)
