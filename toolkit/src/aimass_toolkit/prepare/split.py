"""Which rows are for training, for choosing, and for judging."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from aimass_toolkit.stage.report import StageError

from .columns import find_column
from .plan import Split

# A class in fewer rows than this cannot be in each of the three parts.
PARTS = 3


@dataclass
class Parts:
    """Row numbers of each part, and what people should know."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Shares:
    """How much goes where, the seed, and whether the shares of classes are kept."""

    validation: float
    test: float
    seed: int
    stratify: bool


def split_rows(frame: pd.DataFrame, classes: pd.Series | None, split: Split, shares: Shares) -> Parts:
    """Parts the rows; `classes` are the targets when they are classes."""
    if split.time_by is not None:
        find_column(frame, split.time_by, "spec.prepare.split.timeBy")
        parts = by_time(frame[split.time_by], shares)
    elif split.group_by is not None:
        find_column(frame, split.group_by, "spec.prepare.split.groupBy")
        parts = by_group(frame[split.group_by], shares)
    else:
        parts = by_chance(len(frame), classes if shares.stratify else None, shares)
    if classes is not None:
        keep_all_classes(parts, classes)
    if len(parts.train) < 2:
        raise StageError(
            "DataEmpty",
            f"The split leaves {len(parts.train)} of {len(frame)} rows to train on, too few; give more rows, or set "
            "spec.prepare.split.validation and test lower.",
        )
    return parts


def by_time(values: pd.Series, shares: Shares) -> Parts:
    """The newest rows are for judging, those before them for choosing."""
    times = pd.to_numeric(values, errors="coerce")
    if times.notna().sum() < values.notna().sum():
        times = pd.to_datetime(values, errors="coerce", utc=True, format="ISO8601")
    wrong = times.isna()
    if wrong.any():
        raise StageError(
            "DataInvalid",
            f'spec.prepare.split.timeBy is "{values.name}", but row {wrong.idxmax() + 1} has '
            f'"{values[wrong].iloc[0]}", which is no time; write times as 2026-12-31, or split in another way.',
        )
    order = np.argsort(times.to_numpy(), kind="stable")
    test, validation = round(len(order) * shares.test), round(len(order) * shares.validation)
    train = len(order) - test - validation
    return Parts(order[:train], order[train : train + validation], order[train + validation :])


def by_group(values: pd.Series, shares: Shares) -> Parts:
    """Rows of one group stay together."""
    groups = values.astype(str).to_numpy()
    different = len(np.unique(groups))
    wanted = 1 + (shares.validation > 0) + (shares.test > 0)
    if different < wanted:
        raise StageError(
            "DataInvalid",
            f'spec.prepare.split.groupBy is "{values.name}", which has {different} groups; a split into {wanted} '
            f"parts needs at least {wanted}. Name another column.",
        )
    rest, test = cut_groups(np.arange(len(groups)), groups, shares.test, shares.seed)
    train, validation = cut_groups(rest, groups, shares.validation / (1 - shares.test), shares.seed)
    return Parts(train, validation, test)


def cut_groups(rows: np.ndarray, groups: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of whole groups, about this share of the groups in the second part."""
    if share <= 0:
        return rows, rows[:0]
    kept, cut = next(GroupShuffleSplit(1, test_size=share, random_state=seed).split(rows, groups=groups[rows]))
    return rows[kept], rows[cut]


def by_chance(count: int, classes: pd.Series | None, shares: Shares) -> Parts:
    """By chance, with the shares of the classes where that can be."""
    rows, notes = np.arange(count), []
    rare = np.array([], int)
    if classes is not None:
        sizes = classes.map(classes.value_counts()).to_numpy()
        rare = np.flatnonzero(sizes < PARTS)
        if len(rare):
            few = classes.iloc[rare].nunique()
            notes.append(f"{few} classes have fewer than {PARTS} rows; they are in the training part only")
            rows = np.flatnonzero(sizes >= PARTS)
    rest, test = cut(rows, shares.test, classes, shares.seed, notes)
    train, validation = cut(rest, shares.validation / (1 - shares.test), classes, shares.seed, notes)
    return Parts(np.sort(np.concatenate([train, rare])), validation, test, notes)


def cut(
    rows: np.ndarray, share: float, classes: pd.Series | None, seed: int, notes: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Two parts of the rows; without the shares of the classes, and with a note, where there are too few rows."""
    if share <= 0 or len(rows) < 2:
        return rows, rows[:0]
    if classes is not None:
        try:
            kept, taken = train_test_split(rows, test_size=share, random_state=seed, stratify=classes.iloc[rows])
            return np.sort(kept), np.sort(taken)
        except ValueError:
            note = "there are too few rows to keep the shares of the classes in each part"
            notes.append(note) if note not in notes else None
    kept, taken = train_test_split(rows, test_size=share, random_state=seed)
    return np.sort(kept), np.sort(taken)


def keep_all_classes(parts: Parts, classes: pd.Series) -> None:
    """A class that training does not see cannot be learned: its rows go to the training part."""
    seen = set(classes.iloc[parts.train])
    moved = [row for part in (parts.validation, parts.test) for row in part if classes.iloc[row] not in seen]
    if not moved:
        return
    parts.notes.append(f"{len(moved)} rows went to the training part, which lacked their class")
    parts.train = np.sort(np.concatenate([parts.train, np.array(moved)]))
    parts.validation = np.setdiff1d(parts.validation, moved, assume_unique=True)
    parts.test = np.setdiff1d(parts.test, moved, assume_unique=True)
