"""Rows for training, validation and testing."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from ..problem import refuse

SHARE = 0.15
FEWEST = 6


@dataclass(frozen=True)
class Part:
    """Some rows: arrays of the same length, and texts that belong to them."""

    arrays: dict[str, np.ndarray]
    texts: dict[str, list[str]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        first = next(iter(self.arrays.values()), None)
        return len(first) if first is not None else len(next(iter(self.texts.values()), []))

    def take(self, rows: np.ndarray) -> "Part":
        """These rows, in this order."""
        arrays = {name: values[rows] for name, values in self.arrays.items()}
        return Part(arrays, {name: [values[row] for row in rows] for name, values in self.texts.items()})

    def plus(self, **arrays: np.ndarray) -> "Part":
        """The same rows with more to each."""
        return replace(self, arrays={**self.arrays, **arrays})


@dataclass(frozen=True)
class Parts:
    """What is learned from, what decides when to stop, and what is looked at once at the end."""

    train: Part
    validation: Part
    test: Part

    def map(self, change: Callable[[Part], Part]) -> "Parts":
        """The same change made to each."""
        return Parts(change(self.train), change(self.validation), change(self.test))

    def counts(self) -> dict[str, int]:
        """How many rows each part has."""
        return {"train": self.train.rows, "validation": self.validation.rows, "test": self.test.rows}


def split(given: dict[str, Part], seed: int, groups: str | None = None) -> Parts:
    """The given parts; those that are missing are split off the training rows, by label where there are
    classes, by group where named.
    """
    train, taken = given["train"], {}
    for number, name in enumerate(("test", "validation")):
        if name in given:
            taken[name] = given[name]
            continue
        if train.rows < FEWEST:
            refuse(
                "DataEmpty",
                f"the training data has {train.rows} rows; at least {FEWEST} are needed to set some aside. Give "
                "more rows.",
            )
        kept, aside = choose(train, np.random.default_rng([seed, number]), groups)
        train, taken[name] = train.take(kept), train.take(aside)
    return Parts(train, taken["validation"], taken["test"])


def choose(part: Part, random: np.random.Generator, groups: str | None) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers to keep and to set aside, both in their old order."""
    labels = part.arrays.get(groups or "labels")
    if groups is not None:
        names = random.permutation(np.unique(labels))
        aside = np.isin(labels, names[: max(1, round(SHARE * len(names)))])
    else:
        is_classes = labels is not None and labels.dtype.kind == "i" and labels.ndim == 1
        strata = labels if is_classes else np.zeros(part.rows, dtype=np.int64)
        aside = stratified(strata, random)
    return np.flatnonzero(~aside), np.flatnonzero(aside)


def stratified(strata: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A share of each stratum; a class always keeps at least one row to learn from."""
    order = random.permutation(len(strata))
    aside = np.zeros(len(strata), dtype=bool)
    wanted = max(1, round(SHARE * len(strata)))
    for stratum in np.unique(strata):
        rows = order[strata[order] == stratum]
        aside[rows[: min(len(rows) - 1, round(SHARE * len(rows)))]] = True
    if not aside.any():
        counts = np.bincount(strata)
        spare = [row for row in order if counts[strata[row]] > 1]
        aside[spare[:wanted]] = True
    return aside
