"""The rows to train on and the rows to choose by."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from sklearn.model_selection import train_test_split

from aimass_toolkit.stage.document import Document
from aimass_toolkit.stage.prepared import Prepared, read_prepared
from aimass_toolkit.stage.report import StageError

from .options import Options

# Held back from training when preparation left no validation part.
HELD_BACK = 0.15


@dataclass(frozen=True)
class Table:
    """Features and targets; classes are whole numbers, `labels` their names (none for numbers)."""

    train: np.ndarray
    train_targets: np.ndarray
    validation: np.ndarray
    validation_targets: np.ndarray
    labels: list[str]
    raw_names: list[str]

    @property
    def is_classification(self) -> bool:
        """Whether the target is a class."""
        return len(self.labels) > 0


def read_table(document: Document, options: Options) -> Table:
    """The prepared table. Where no preparation ran, the usual one does, with the target of the options."""
    prepared = read_prepared(document.paths.prepared) or prepare_now(document, options)
    if prepared.is_classification != (document.task == "tabular-classification"):
        raise StageError(
            "RecipeInvalid",
            f'spec.recipe.name is "{document.task}", but the table was prepared for {prepared.schema["task"]}; '
            "prepare it again.",
        )
    train, targets = prepared.part("train")
    validation = prepared.part("validation")
    if len(validation[0]) == 0:
        train, targets, validation = hold_back(train, targets, prepared.is_classification, document.seed)
    names = [one["name"] for one in prepared.schema["rawColumns"]]
    return Table(train, targets, *validation, prepared.labels, names)


def prepare_now(document: Document, options: Options) -> Prepared:
    """What the stage before does for a recipe, when it did not run."""
    from aimass_toolkit.prepare.table import prepare_table

    if document.prepare is None and options.target is None:
        raise StageError(
            "RecipeInvalid",
            "The recipe does not know what to predict; set spec.prepare.target or spec.recipe.options.target.",
        )
    prepare_table(replace(document, prepare=document.prepare or {"target": options.target}))
    prepared = read_prepared(document.paths.prepared)
    if prepared is None:
        raise StageError("StageCrashed", "The preparation left no table.")
    return prepared


def hold_back(
    train: np.ndarray, targets: np.ndarray, is_class: bool, seed: int
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """A share of the training rows to choose by; of each class as much, where there are enough."""
    stratify = targets if is_class and np.bincount(targets).min() >= 2 else None
    try:
        parts = train_test_split(train, targets, test_size=HELD_BACK, random_state=seed, stratify=stratify)
    except ValueError:
        parts = train_test_split(train, targets, test_size=HELD_BACK, random_state=seed)
    if is_class and len(np.unique(parts[2])) < len(np.unique(targets)):
        # Too few rows to hold any back: they are trained on and looked at.
        return train, targets, (train, targets)
    return parts[0], parts[2], (parts[1], parts[3])
