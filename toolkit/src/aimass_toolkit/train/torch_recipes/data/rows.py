"""Columns of a table of texts."""

import math
from typing import TYPE_CHECKING

import numpy as np

from ..problem import refuse
from .labels import label_text

if TYPE_CHECKING:
    import pandas


def column(table: "pandas.DataFrame", name: str, entry: str) -> list:
    """The cells of a column, None where there is nothing."""
    if name not in table.columns:
        known = ", ".join(str(one) for one in table.columns[:20])
        refuse(
            "ColumnMissing",
            f"data entry {entry!r} has no column {name!r}; it has {known}. Name the column by the recipe's "
            "options, or add it.",
        )
    return [
        None if value is None or (isinstance(value, float) and math.isnan(value)) else value
        for value in table[name].tolist()
    ]


def texts(table: "pandas.DataFrame", name: str, entry: str) -> list[str]:
    """A column of texts. Empty ones are refused: they teach nothing, and mostly show that the file is not
    what was meant.
    """
    cells = [str(cell).strip() if cell is not None else "" for cell in column(table, name, entry)]
    blank = [row for row, cell in enumerate(cells, start=1) if not cell]
    if len(blank) == len(cells):
        refuse(
            "DataEmpty",
            f"all {len(cells)} cells of the column {name!r} of data entry {entry!r} are empty; check the file.",
        )
    if blank:
        refuse(
            "DataInvalid",
            f"{len(blank)} cells of the column {name!r} of data entry {entry!r} are empty (first: row "
            f"{blank[0]}); fill them in, or leave those rows out.",
        )
    return cells


def labels(table: "pandas.DataFrame", name: str, entry: str) -> list[str]:
    """A column of class names."""
    cells = column(table, name, entry)
    return [
        label_text(cell, f"row {row} of data entry {entry!r}, column {name!r},")
        for row, cell in enumerate(cells, start=1)
    ]


def numbers(table: "pandas.DataFrame", name: str, entry: str) -> np.ndarray:
    """A column of finite numbers."""
    found = []
    for row, cell in enumerate(column(table, name, entry), start=1):
        try:
            value = float(cell)
        except (TypeError, ValueError):
            value = math.nan
        if not math.isfinite(value):
            refuse(
                "DataInvalid",
                f"row {row} of data entry {entry!r} has {cell!r} in the column {name!r}; it must be a number.",
            )
        found.append(value)
    return np.array(found, dtype=np.float32)
