"""One parameter of the search space, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .fields import LARGEST_WHOLE, Scalar, as_list, as_number, as_object, as_scalar, as_text, as_whole, identity, show
from .problems import SearchSpaceInvalid
from .space import Parameter, When

MOST_VALUES = 256
TYPES = ("int", "float", "categorical")


def choose(value: Any, field: str, choices: tuple[str, ...]) -> str:
    """The value if it is one of the choices."""
    if value not in choices:
        raise SearchSpaceInvalid(field, f"{show(value)} is not known; it must be one of {', '.join(choices)}")
    return str(value)


def read_parameter(document: Any, field: str) -> Parameter:
    """A parameter; ``field`` is where it stands until its name is known."""
    member = as_object(document, field)
    name = as_text(member.get("name"), f"{field}.name")
    field = f"search.parameters[{name}]"
    kind = choose(member.get("type"), f"{field}.type", TYPES)
    when = _when(member.get("when"), f"{field}.when")
    if kind == "categorical":
        return Parameter(name, kind, values=_values(member, field), when=when)
    if member.get("values") is not None:
        raise SearchSpaceInvalid(f"{field}.values", f"only a categorical parameter has values; this one is {kind}")
    return _number(member, field, Parameter(name, kind, log=member.get("log") is True, when=when))


def _values(member: Mapping[str, Any], field: str) -> tuple[Scalar, ...]:
    for name in ("min", "max", "step"):
        if member.get(name) is not None:
            raise SearchSpaceInvalid(f"{field}.{name}", "a categorical parameter has values in its place")
    if not member.get("values"):
        raise SearchSpaceInvalid(f"{field}.values", "it is empty; give the values to choose from")
    values = as_list(member["values"], f"{field}.values", MOST_VALUES)
    return _distinct([as_scalar(value, f"{field}.values[{index}]") for index, value in enumerate(values)], field)


def _distinct(values: list[Scalar], field: str) -> tuple[Scalar, ...]:
    seen = set()
    for value in values:
        if identity(value) in seen:
            raise SearchSpaceInvalid(f"{field}.values", f"{show(value)} is there twice; remove one of them")
        seen.add(identity(value))
    return tuple(values)


def _number(member: Mapping[str, Any], field: str, parameter: Parameter) -> Parameter:
    whole = parameter.type == "int"
    low, high = (_bound(member.get(name), f"{field}.{name}", whole) for name in ("min", "max"))
    if low > high:
        raise SearchSpaceInvalid(f"{field}.min", f"{low:g} is greater than max, {high:g}; exchange them")
    if parameter.log and low <= 0:
        raise SearchSpaceInvalid(f"{field}.min", f"{low:g} has no logarithm; give a min above 0, or leave out log")
    step = _step(member.get("step"), field, parameter, high - low)
    if step is not None:
        last = low + int((high - low) / step + 1e-9) * step
        high = last if whole else float(f"{last:.12g}")
    return Parameter(parameter.name, parameter.type, low, high, step, parameter.log, (), parameter.when)


def _bound(value: Any, field: str, whole: bool) -> float:
    return as_whole(value, field, -LARGEST_WHOLE) if whole else as_number(value, field)


def _step(value: Any, field: str, parameter: Parameter, width: float) -> float | None:
    whole = parameter.type == "int"
    if value is None:
        return 1 if whole else None
    step = _bound(value, f"{field}.step", whole)
    if step <= 0:
        raise SearchSpaceInvalid(f"{field}.step", f"{step:g} goes nowhere; give one above 0")
    if step > width:
        raise SearchSpaceInvalid(
            f"{field}.step", f"{step:g} is more than the distance from min to max, {width:g}; give a smaller one"
        )
    if parameter.log and not (whole and step == 1):
        raise SearchSpaceInvalid(f"{field}.step", "step and log do not go together; leave one out")
    return step


def _when(document: Any, field: str) -> When | None:
    if document is None:
        return None
    when = as_object(document, field)
    values = as_list(when.get("in"), f"{field}.in", MOST_VALUES)
    if not values:
        raise SearchSpaceInvalid(f"{field}.in", "it is empty, so the parameter would never exist; give the values")
    name = as_text(when.get("parameter"), f"{field}.parameter")
    return When(name, tuple(as_scalar(value, f"{field}.in[{index}]") for index, value in enumerate(values)))
