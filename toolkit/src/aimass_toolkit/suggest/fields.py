"""Members of JSON documents, checked one by one; every complaint names the member and the value."""

from __future__ import annotations

import math
from typing import Any

from .problems import RequestInvalid

#: A number, a text or a boolean: what a categorical parameter chooses from.
Scalar = str | int | float | bool

#: Greatest whole number that every JSON library keeps exactly.
LARGEST_WHOLE = 2**53


def show(value: Any) -> str:
    """A value as messages print it, never long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def as_object(value: Any, field: str) -> dict[str, Any]:
    """The value if it is a JSON object."""
    if not isinstance(value, dict):
        raise RequestInvalid(f"{field} is {show(value)}; it must be an object")
    return value


def as_list(value: Any, field: str, most: int) -> list[Any]:
    """The value if it is a list of at most ``most`` members."""
    if not isinstance(value, list):
        raise RequestInvalid(f"{field} is {show(value)}; it must be a list")
    if len(value) > most:
        raise RequestInvalid(f"{field} has {len(value)} members; at most {most} are taken")
    return value


def as_text(value: Any, field: str) -> str:
    """The value if it is a text that is not empty."""
    if not isinstance(value, str) or not value:
        raise RequestInvalid(f"{field} is {show(value)}; it must be a text")
    return value


def as_number(value: Any, field: str) -> float:
    """The value if it is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RequestInvalid(f"{field} is {show(value)}; it must be a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise RequestInvalid(f"{field} is {show(value)}; it must be a finite number")
    return number


def as_whole(value: Any, field: str, least: int, most: int = LARGEST_WHOLE) -> int:
    """The value if it is a whole number from ``least`` to ``most``; 3.0 is 3, as in JSON of other languages."""
    number = as_number(value, field)
    if not number.is_integer() or not least <= number <= most:
        raise RequestInvalid(f"{field} is {show(value)}; it must be a whole number from {least} to {most}")
    return int(number)


def as_scalar(value: Any, field: str) -> Scalar:
    """The value if it is a text, a finite number or a boolean."""
    if isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        as_number(value, field)
        return value
    raise RequestInvalid(f"{field} is {show(value)}; it must be a text, a number or a boolean")


def identity(value: Scalar) -> tuple[str, Scalar]:
    """What makes two values the same: 1 and 1.0 are, as in JSON; 1, true and "1" are three values."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, str):
        return ("text", value)
    return ("number", float(value))
