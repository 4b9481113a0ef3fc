"""Points of a space of numbers as vectors between 0 and 1, for methods that work on vectors."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .fields import Scalar
from .points import Point
from .space import Parameter, Search

Vector = npt.NDArray[np.float64]


class Cube:
    """Each number that can change is one coordinate; logarithmic ones are even in their logarithm."""

    def __init__(self, search: Search) -> None:
        self.fixed = {one.name: one.at(0) for one in search.parameters if one.count == 1}
        self.parameters = [one for one in search.parameters if one.count != 1]

    @property
    def size(self) -> int:
        """How many coordinates there are."""
        return len(self.parameters)

    def vector(self, point: Point) -> Vector:
        """The vector of a point."""
        return np.array([_coordinate(one, float(point[one.name])) for one in self.parameters])

    def point(self, vector: Vector) -> Point:
        """The point nearest to a vector."""
        moving = {one.name: _value(one, float(place)) for one, place in zip(self.parameters, vector, strict=True)}
        return {**self.fixed, **moving}


def _edges(parameter: Parameter) -> tuple[float, float]:
    """The ends of the coordinate. A step has half a step of room at both ends, so that all values are equally wide."""
    room = (parameter.step or 0) / 2
    low, high = parameter.low - room, parameter.high + room
    return (math.log(low), math.log(high)) if parameter.log else (low, high)


def _coordinate(parameter: Parameter, value: float) -> float:
    low, high = _edges(parameter)
    return ((math.log(value) if parameter.log else value) - low) / (high - low)


def _value(parameter: Parameter, place: float) -> Scalar:
    low, high = _edges(parameter)
    number = low + min(max(place, 0), 1) * (high - low)
    number = math.exp(number) if parameter.log else number
    if parameter.step is None:
        return min(max(number, parameter.low), parameter.high)
    steps = round((number - parameter.low) / parameter.step)
    return parameter.at(min(max(steps, 0), (parameter.count or 1) - 1))
