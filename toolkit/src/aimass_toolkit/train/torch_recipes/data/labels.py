"""Label names and the numbers that stand for them."""

import math
from collections.abc import Sequence

import numpy as np

from ..problem import refuse
from .tree import natural


def label_text(value: object, where: str) -> str:
    """A label as text; numbers that are whole lose their fraction. Empty ones and NaN are refused."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        refuse("DataInvalid", f"{where} has no label (empty or NaN); fill it in, or leave the row out.")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    if not text or text.lower() == "nan":
        refuse("DataInvalid", f"{where} has no label (empty or NaN); fill it in, or leave the row out.")
    return text


def name_labels(labels: Sequence[str], field: str) -> list[str]:
    """The different labels in natural order. One alone cannot be learned."""
    names = sorted(set(labels), key=natural)
    if len(names) < 2:
        refuse(
            "TargetConstant", f"{field} has only the class {names[0]!r}; there must be examples of two classes or more."
        )
    return names


def number_labels(labels: Sequence[str], names: Sequence[str], entry: str) -> np.ndarray:
    """The index of each label among the names."""
    index = {name: number for number, name in enumerate(names)}
    unknown = sorted(set(labels) - set(index), key=natural)
    if unknown:
        refuse(
            "DataInvalid",
            f"data entry {entry!r} has the class {unknown[0]!r}, which the training data lacks; they must have "
            "the same classes.",
        )
    return np.array([index[label] for label in labels], dtype=np.int64)
