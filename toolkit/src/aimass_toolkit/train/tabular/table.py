"""The rows to train on and the rows to choose by."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from sklearn.model_selection import train_test_split

from aimass_toolkit.stage.document import Document
from aimass_toolkit.stage.prepared import Prepared, read_prepared
from aimass_toolkit.stage.report import StageError
from aimass_toolkit.train.given.model import find_model

from .distil import (
    ALPHA,
    TEMPERATURE,
    mixed_numbers,
    mixed_shares,
    note_of_classes,
    note_of_numbers,
    repeated,
    softened,
)
from .options import Options

# Held back from training when preparation left no validation part.
HELD_BACK = 0.15


@dataclass(frozen=True)
class Table:
    """Features [rows, columns] and targets [rows]; classes are whole numbers, `labels` their names (none for numbers).

    `truth` is what the training rows themselves say. With a teacher, classes have a row for each that the teacher
    holds possible, and `weights` say how much: then `train` is longer than `truth`. Without weights all are 1.
    """

    train: np.ndarray
    train_targets: np.ndarray
    validation: np.ndarray
    validation_targets: np.ndarray
    labels: list[str]
    raw_names: list[str]
    truth: np.ndarray
    weights: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_classification(self) -> bool:
        """Whether the target is a class."""
        return len(self.labels) > 0

    @property
    def copies(self) -> float:
        """How often a row is there on average."""
        return len(self.train) / len(self.truth)


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
    rows, validation = np.arange(len(train)), prepared.part("validation")
    if len(validation[0]) == 0:
        rows, held = hold_back(targets, prepared.is_classification, document.seed)
        validation = train[held], targets[held]
    names = [one["name"] for one in prepared.schema["rawColumns"]]
    table = Table(train[rows], targets[rows], *validation, prepared.labels, names, targets[rows])
    taught = taught_answers(document, prepared)
    if taught is not None:
        table = with_teacher(table, taught[rows], options)
    return balanced(table) if table.is_classification and options.class_weight == "balanced" else table


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


def hold_back(targets: np.ndarray, is_class: bool, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The row numbers to train on and those to choose by; of each class as much, where there are enough."""
    rows = np.arange(len(targets))
    stratify = targets if is_class and np.bincount(targets).min() >= 2 else None
    try:
        kept, held = train_test_split(rows, test_size=HELD_BACK, random_state=seed, stratify=stratify)
    except ValueError:
        kept, held = train_test_split(rows, test_size=HELD_BACK, random_state=seed)
    if is_class and len(np.unique(targets[kept])) < len(np.unique(targets)):
        # Too few rows to hold any back: they are trained on and looked at.
        return rows, rows
    return kept, held


def taught_answers(document: Document, prepared: Prepared) -> np.ndarray | None:
    """What the teacher says of the training rows; None when there is no teacher."""
    teacher = find_model(document.paths.teacher_model, "spec.teacherModel")
    if teacher is None:
        return None
    from .teacher import ask_teacher

    return ask_teacher(teacher, prepared)


def with_teacher(table: Table, taught: np.ndarray, options: Options) -> Table:
    """The table with targets that are partly the teacher's."""
    alpha = ALPHA if options.alpha is None else options.alpha
    if not table.is_classification:
        note = note_of_numbers(table.truth, taught, alpha)
        return replace(table, train_targets=mixed_numbers(table.truth, taught, alpha), notes=(note,))
    temperature = options.temperature or TEMPERATURE
    soft = softened(taught, temperature)
    train, targets, weights = repeated(table.train, mixed_shares(table.truth, soft, alpha))
    note = note_of_classes(table.truth, soft, alpha, temperature)
    return replace(table, train=train, train_targets=targets, weights=weights, notes=(note,))


def balanced(table: Table) -> Table:
    """The table with weights that make all classes count the same."""
    weights = np.ones(len(table.train)) if table.weights is None else table.weights
    totals = np.bincount(table.train_targets, weights=weights)
    return replace(table, weights=weights * (totals.sum() / (len(totals) * totals))[table.train_targets])
