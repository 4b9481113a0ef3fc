"""Points of the space: which parameters are active, which points are the same, all points of a finite space."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from .fields import Scalar, identity
from .space import Parameter, Search

Point = dict[str, Scalar]
Had = set[frozenset[tuple[str, tuple[str, Scalar]]]]


def is_active(parameter: Parameter, point: Mapping[str, Scalar]) -> bool:
    """Whether a parameter exists beside these values of the parameters before it."""
    when = parameter.when
    return when is None or (when.parameter in point and when.holds(point[when.parameter]))


def key(point: Mapping[str, Scalar]) -> frozenset[tuple[str, tuple[str, Scalar]]]:
    """What makes two points the same."""
    return frozenset((name, _rounded(value)) for name, value in point.items())


def _rounded(value: Scalar) -> tuple[str, Scalar]:
    kind, same = identity(value)
    return (kind, float(f"{same:.10g}")) if kind == "number" else (kind, same)


def as_declared(search: Search, point: Mapping[str, Scalar]) -> Point:
    """The point with its members in the order of the specification."""
    return {name: point[name] for name in search.declared if name in point}


def is_finite(search: Search) -> bool:
    """Whether the space has finitely many points."""
    return all(parameter.count is not None for parameter in search.parameters)


def every_point(search: Search) -> Iterator[Point]:
    """All points of a finite space in a stable order: the last parameter changes fastest."""
    yield from _points_from(search.parameters, {})


def first_untried(search: Search, had: Had) -> Point | None:
    """The first point of a finite space that no trial has had: what a grid tries next. None when all are through."""
    return next((point for point in every_point(search) if key(point) not in had), None)


def _points_from(parameters: tuple[Parameter, ...], point: Point) -> Iterator[Point]:
    if not parameters:
        yield dict(point)
        return
    first, rest = parameters[0], parameters[1:]
    if not is_active(first, point):
        yield from _points_from(rest, point)
        return
    for index in range(first.count or 0):
        yield from _points_from(rest, {**point, first.name: first.at(index)})


def random_point(search: Search, rng: np.random.Generator) -> Point:
    """A point of a finite space; each value of a parameter is as likely as any other."""
    point: Point = {}
    for parameter in search.parameters:
        if is_active(parameter, point):
            point[parameter.name] = parameter.at(int(rng.integers(parameter.count or 1)))
    return point
