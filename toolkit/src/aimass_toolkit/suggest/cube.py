"""Points of a space without conditions as vectors between 0 and 1, for methods that work on vectors."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .fields import Scalar
from .points import Point
from .space import Parameter, Search

Vector = npt.NDArray[np.float64]


class Cube:
    """A number is one coordinate, a category one for each of its values (one-hot); what cannot change has none."""

    def __init__(self, search: Search) -> None:
        self.parameters = search.parameters
        self.widths = [_width(parameter) for parameter in search.parameters]
        self.size = sum(self.widths)

    def vector(self, point: Point) -> Vector:
        """The vector of a point."""
        parts = [
            _coordinates(one, point[one.name], width) for one, width in zip(self.parameters, self.widths, strict=True)
        ]
        return np.concatenate([part for part in parts if part.size]) if self.size else np.zeros(0)

    def point(self, vector: Vector) -> Point:
        """The point nearest to a vector."""
        point: Point = {}
        start = 0
        for parameter, width in zip(self.parameters, self.widths, strict=True):
            point[parameter.name] = _value(parameter, vector[start : start + width])
            start += width
        return point


def _width(parameter: Parameter) -> int:
    if parameter.count == 1:
        return 0
    return len(parameter.values) if parameter.type == "categorical" else 1


def _edges(parameter: Parameter) -> tuple[float, float]:
    """The ends of the coordinate. A step has half a step of room at both ends, so that all values are equally wide."""
    room = (parameter.step or 0) / 2
    low, high = parameter.low - room, parameter.high + room
    return (math.log(low), math.log(high)) if parameter.log else (low, high)


def _coordinates(parameter: Parameter, value: Scalar, width: int) -> Vector:
    if width == 0:
        return np.zeros(0)
    if parameter.type == "categorical":
        return np.asarray(np.arange(width) == parameter.index(value), dtype=np.float64)
    low, high = _edges(parameter)
    number = float(value)
    return np.array([((math.log(number) if parameter.log else number) - low) / (high - low)])


def _value(parameter: Parameter, part: Vector) -> Scalar:
    if part.size == 0:
        return parameter.at(0)
    if parameter.type == "categorical":
        return parameter.values[int(np.argmax(part))]
    low, high = _edges(parameter)
    number = low + float(np.clip(part[0], 0, 1)) * (high - low)
    number = math.exp(number) if parameter.log else number
    if parameter.step is None:
        return min(max(number, parameter.low), parameter.high)
    steps = round((number - parameter.low) / parameter.step)
    return parameter.at(min(max(steps, 0), (parameter.count or 1) - 1))
