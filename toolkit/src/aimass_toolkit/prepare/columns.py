"""What each column holds: numbers or categories. Raw values become what the served model will get."""

from __future__ import annotations

import numpy as np
import pandas as pd

from aimass_toolkit.stage.files import listed
from aimass_toolkit.stage.report import StageError

from .plan import Plan

# A column is meant as numbers when this share of its values are; then the others are mistakes.
MOSTLY = 0.5
# A column of texts that nearly all differ names its rows; it says nothing about the next one.
IDENTIFIER_SHARE = 0.5
IDENTIFIER_LEAST = 50
MAX_CATEGORIES = 1000


def find_column(frame: pd.DataFrame, name: str, field: str) -> None:
    """Refuses a name that the table does not have, and says which there are."""
    if name not in frame.columns:
        raise StageError(
            "ColumnMissing",
            f'{field} is "{name}", but the data has the columns {listed(list(frame.columns), 30)}. Name one of them.',
        )


def as_numbers(values: pd.Series) -> pd.Series:
    """The values as numbers; None, texts and infinities become NaN."""
    if values.dtype == bool:
        return values.astype(np.float64)
    numbers = pd.to_numeric(values, errors="coerce").astype(np.float64)
    return numbers.where(np.isfinite(numbers))


def as_texts(values: pd.Series) -> pd.Series:
    """The values as categories: texts, whole numbers without a fraction; missing ones are the empty text."""
    return values.map(as_text, na_action="ignore").astype(object).where(values.notna(), "")


def as_text(value: object) -> str:
    """One category as clients will send it."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def kind_of(values: pd.Series, name: str) -> str:
    """What a column holds. Refuses one that holds numbers and texts."""
    present = values[values.notna()]
    if values.dtype.kind in "iuf":
        return "numeric"
    if values.dtype.kind in "Mb":
        return "categorical"
    if all(isinstance(value, bool | np.bool_) for value in present):
        return "categorical"
    parsed = pd.to_numeric(present, errors="coerce")
    share = float(parsed.notna().mean()) if len(present) else 1.0
    if share == 1.0:
        return "numeric"
    if share >= MOSTLY:
        wrong = parsed.isna()
        raise StageError(
            "DataInvalid",
            f'Column "{name}" holds numbers and texts: {int(wrong.sum())} of {len(present)} values are no numbers, '
            f'such as "{str(present[wrong].iloc[0])[:40]}" in row {present[wrong].index[0] + 1}. Mend them, or set '
            f"spec.prepare.columns.{name}.type to categorical or ignore.",
        )
    return "categorical"


def choose_columns(frame: pd.DataFrame, plan: Plan) -> tuple[dict[str, str], list[str]]:
    """The type of each column that is used, by its name, and notes about those that are not."""
    for name in plan.columns:
        find_column(frame, name, "spec.prepare.columns")
    aside = {plan.target, plan.split.group_by, plan.split.time_by}
    kinds, notes = {}, []
    for name in frame.columns:
        asked = plan.columns[name].type if name in plan.columns else None
        if name == plan.target or asked == "ignore" or (asked is None and name in aside):
            continue
        kind = asked or kind_of(frame[name], name)
        if asked is None and kind == "categorical" and is_identifier(frame[name]):
            notes.append(f'column "{name}" is left out: nearly every row has a text of its own')
            continue
        kinds[name] = kind
    return kinds, notes


def is_identifier(values: pd.Series) -> bool:
    """Whether the texts name the rows, such as a number of a ticket, rather than group them."""
    present = values[values.notna()]
    different = present.nunique()
    return different >= IDENTIFIER_LEAST and different > IDENTIFIER_SHARE * len(present)


def typed_columns(frame: pd.DataFrame, kinds: dict[str, str], place: str) -> pd.DataFrame:
    """The columns that are used, as the served model gets them: float32, or texts."""
    columns = {}
    for name, kind in kinds.items():
        if name not in frame.columns:
            raise StageError(
                "ColumnMissing",
                f'The data set "{place}" has no column "{name}"; it has {listed(list(frame.columns), 30)}. Give '
                "it the columns of the training data.",
            )
        if kind == "categorical":
            columns[name] = as_texts(frame[name])
            continue
        numbers = as_numbers(frame[name])
        wrong = numbers.isna() & frame[name].notna()
        if wrong.sum() > 0 and frame[name].dtype == object:
            refuse_texts(frame[name][wrong], name, place)
        columns[name] = numbers.astype(np.float32)
    return pd.DataFrame(columns, index=frame.index)


def refuse_texts(wrong: pd.Series, name: str, place: str) -> None:
    """A column of numbers that has texts; infinities are taken as missing."""
    texts = wrong[pd.to_numeric(wrong, errors="coerce").isna()]
    if len(texts) == 0:
        return
    raise StageError(
        "DataInvalid",
        f'Column "{name}" of the data set "{place}" should hold numbers, but row {texts.index[0] + 1} has '
        f'"{str(texts.iloc[0])[:40]}" ({len(texts)} such rows). Mend them, or set spec.prepare.columns.{name}.type '
        "to categorical or ignore.",
    )


def drop_sparse(train: pd.DataFrame, kinds: dict[str, str], most: float) -> tuple[dict[str, str], list[str]]:
    """The columns that have enough values in the training part, and notes about those that have not."""
    notes, kept = [], {}
    for name, kind in kinds.items():
        missing = float((train[name] == "").mean() if kind == "categorical" else train[name].isna().mean())
        if missing > most or missing == 1.0:
            notes.append(f'column "{name}" is left out: {missing:.0%} of its values are missing')
        else:
            kept[name] = kind
    if not kept:
        raise StageError(
            "DataInvalid", "No column is left to learn from: all are missing, ignored or the target. Give more columns."
        )
    return kept, notes


def refuse_many_categories(train: pd.DataFrame, kinds: dict[str, str], plan: Plan) -> None:
    """A column for each of thousands of categories helps nobody."""
    for name, kind in kinds.items():
        if kind == "categorical" and plan.for_column(name, kind).encode == "oneHot":
            different = train[name].nunique()
            if different > MAX_CATEGORIES:
                raise StageError(
                    "DataInvalid",
                    f'Column "{name}" has {different} categories, more than {MAX_CATEGORIES}. Set '
                    f"spec.prepare.columns.{name}.encode to ordinal, or its type to ignore.",
                )
