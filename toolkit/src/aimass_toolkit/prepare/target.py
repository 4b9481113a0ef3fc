"""The column to predict: a class or a number, and whether it can be learned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from aimass_toolkit.stage.document import Document
from aimass_toolkit.stage.report import StageError

from .columns import as_numbers, as_texts

MAX_CLASSES = 1000
# Whole numbers with more different values than this are taken as numbers, when the task does not say.
FEW = 20

CLASSIFICATION, REGRESSION = "tabular-classification", "tabular-regression"


@dataclass(frozen=True)
class Target:
    """What is predicted: the task, and the classes in order (none for numbers)."""

    name: str
    task: str
    labels: tuple[str, ...] = ()

    @property
    def is_class(self) -> bool:
        """Whether the target is a class."""
        return self.task == CLASSIFICATION

    def encode(self, values: pd.Series) -> pd.Series:
        """Classes as their places among the labels, numbers as they are. What training does not know is NaN."""
        if not self.is_class:
            return as_numbers(values)
        places = {label: place for place, label in enumerate(self.labels)}
        return as_texts(values).map(places)


def is_continuous(values: pd.Series) -> bool:
    """Whether numbers look like a quantity: fractions, or many different ones."""
    numbers = as_numbers(values).dropna()
    if len(numbers) < values.notna().sum() or len(numbers) == 0:
        return False
    has_fractions = bool((numbers != numbers.round()).any())
    return numbers.nunique() > FEW and (has_fractions or numbers.nunique() > 0.2 * len(numbers))


def choose_target(values: pd.Series, name: str, document: Document) -> Target:
    """The target of the training part; refuses one that nothing can be learned from."""
    task = document.task if document.task in (CLASSIFICATION, REGRESSION) else None
    if task is None:
        has_texts = as_numbers(values).notna().sum() < values.notna().sum()
        task = REGRESSION if is_continuous(values) and not has_texts else CLASSIFICATION
    return regression(values, name) if task == REGRESSION else classification(values, name)


def regression(values: pd.Series, name: str) -> Target:
    """A target of numbers."""
    numbers = as_numbers(values)
    texts = values[numbers.isna() & values.notna()]
    if len(texts):
        raise StageError(
            "DataInvalid",
            f'The target "{name}" should hold numbers, but row {texts.index[0] + 1} has "{str(texts.iloc[0])[:40]}" '
            f"({len(texts)} such rows). Mend them, or use the task {CLASSIFICATION}.",
        )
    refuse_constant(numbers.nunique(), name, numbers.iloc[0])
    return Target(name, REGRESSION)


def classification(values: pd.Series, name: str) -> Target:
    """A target of classes: sorted, as numbers when all are."""
    if is_continuous(values):
        different = as_numbers(values).nunique()
        raise StageError(
            "DataInvalid",
            f'The target "{name}" has {different} different numbers, such as {values.iloc[0]}: that is a quantity, '
            f"not a class. Use the task {REGRESSION}, or put the numbers into classes.",
        )
    texts = as_texts(values)
    labels = sorted(texts.unique(), key=label_order(texts))
    refuse_constant(len(labels), name, labels[0])
    if len(labels) > MAX_CLASSES or len(labels) > max(len(values) // 2, 2):
        raise StageError(
            "DataInvalid",
            f'The target "{name}" has {len(labels)} classes in {len(values)} rows; each class needs at least 2 rows, '
            f"and there may be {MAX_CLASSES}. Name another column in spec.prepare.target, or put the classes together.",
        )
    return Target(name, CLASSIFICATION, tuple(labels))


def label_order(texts: pd.Series):  # noqa: ANN201 - a key for sorted
    """Numbers in the order of numbers, everything else in that of the alphabet."""
    all_numbers = pd.to_numeric(texts, errors="coerce").notna().all()
    return (lambda label: (float(label), label)) if all_numbers else (lambda label: label)


def refuse_constant(different: int, name: str, value: object) -> None:
    """A target that is always the same needs no model."""
    if different < 2:
        shown = f"{value:g}" if isinstance(value, float | np.floating) else str(value)[:40]
        raise StageError(
            "TargetConstant",
            f'The target "{name}" is always {shown}; give data with at least two different values of it.',
        )
