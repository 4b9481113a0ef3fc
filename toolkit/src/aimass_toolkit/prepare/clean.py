"""Which rows are dropped before anything is learned."""

from __future__ import annotations

import pandas as pd

from aimass_toolkit.stage.report import StageError

from .columns import as_numbers, find_column
from .plan import Clean, Range


def drop_without_target(frame: pd.DataFrame, target: str, place: str) -> tuple[pd.DataFrame, int]:
    """The rows that have a target, and how many had none."""
    present = frame[target].notna()
    if not present.any():
        raise StageError(
            "DataInvalid",
            f'The target "{target}" is missing in all {len(frame)} rows of the data set "{place}"; '
            "give data that has it, or name another column in spec.prepare.target.",
        )
    return frame[present], int((~present).sum())


def clean_rows(frame: pd.DataFrame, clean: Clean, columns: list[str]) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rows that are kept, and how many were dropped why. `columns` are those by which rows are the same."""
    before = len(frame)
    if clean.drop_duplicates:
        frame = frame[~frame[columns].astype(str).duplicated()]
    counts = {"duplicates": before - len(frame)}
    for one in clean.ranges:
        find_column(frame, one.column, "spec.prepare.clean.ranges.column")
        inside = within(frame[one.column], one)
        counts["outOfRange"] = counts.get("outOfRange", 0) + int((~inside).sum())
        frame = frame[inside]
        if len(frame) == 0:
            raise StageError(
                "DataEmpty",
                f'spec.prepare.clean.ranges leaves no row: no "{one.column}" is {described(one)}. Widen it.',
            )
    return frame, counts


def within(values: pd.Series, one: Range) -> pd.Series:
    """Whether each value is in the range. A missing value is."""
    numbers = as_numbers(values)
    outside = pd.Series(False, index=values.index)
    if one.min is not None:
        outside |= numbers < one.min
    if one.max is not None:
        outside |= numbers > one.max
    return ~outside


def described(one: Range) -> str:
    """A range in words."""
    parts = [f"{word} {value:g}" for word, value in (("at least", one.min), ("at most", one.max)) if value is not None]
    return " and ".join(parts)
