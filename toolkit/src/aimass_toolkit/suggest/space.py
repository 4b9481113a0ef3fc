"""The search space: what `spec.search` can say, once it is checked."""

from __future__ import annotations

from dataclasses import dataclass

from .fields import Scalar, identity

MOST_TRIALS = 2000


@dataclass(frozen=True)
class When:
    """A parameter exists only when another one has one of these values."""

    parameter: str
    values: tuple[Scalar, ...]

    def holds(self, value: Scalar) -> bool:
        """Whether this value of the other parameter is one of them."""
        return identity(value) in {identity(one) for one in self.values}


@dataclass(frozen=True)
class Parameter:
    """One dimension of the space. Numbers have ``low`` and ``high`` (on the step), categories have ``values``."""

    name: str
    type: str
    low: float = 0
    high: float = 0
    step: float | None = None
    log: bool = False
    values: tuple[Scalar, ...] = ()
    when: When | None = None

    @property
    def count(self) -> int | None:
        """How many values it can have, or None for infinitely many."""
        if self.type == "categorical":
            return len(self.values)
        if self.low == self.high:
            return 1
        return None if self.step is None else round((self.high - self.low) / self.step) + 1

    def at(self, index: int) -> Scalar:
        """The value of that index, in the order of the space."""
        if self.type == "categorical":
            return self.values[index]
        value = self.low + index * (self.step or 0)
        return int(value) if self.type == "int" else float(f"{value:.12g}")

    def index(self, value: Scalar) -> int:
        """Index of a category; raises KeyError for a value that is none of them."""
        wanted = identity(value)
        for index, one in enumerate(self.values):
            if identity(one) == wanted:
                return index
        raise KeyError(value)


@dataclass(frozen=True)
class Stopping:
    """When a running trial is stopped early."""

    algorithm: str
    startup_trials: int
    min_steps: int
    reduction_factor: int


@dataclass(frozen=True)
class Search:
    """A checked `spec.search`. ``parameters`` are in an order in which each comes after the one it depends on."""

    algorithm: str
    maximize: bool
    parameters: tuple[Parameter, ...]
    declared: tuple[str, ...]
    seed: int
    stopping: Stopping | None

    @property
    def conditional(self) -> bool:
        """Whether some parameters exist only sometimes."""
        return any(parameter.when for parameter in self.parameters)


def can_have(parameter: Parameter, value: Scalar) -> bool:
    """Whether this is a value of the parameter (steps are met up to rounding)."""
    if parameter.type == "categorical":
        return identity(value) in {identity(one) for one in parameter.values}
    if isinstance(value, bool | str):
        return False
    slack = 1e-9 * max(1.0, abs(parameter.low), abs(parameter.high))
    if not parameter.low - slack <= value <= parameter.high + slack:
        return False
    if parameter.step is None:
        return True
    steps = (value - parameter.low) / parameter.step
    return abs(steps - round(steps)) < 1e-6
