"""How good a model is on the validation part, and what an answer without looking at the input reaches."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    log_loss,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)

from .table import Table

# The metric that chooses, and metrics whose larger values are better.
CHOOSING = {True: "logLoss", False: "rmse"}
PREFIX = "val_"
LARGER_IS_BETTER = frozenset({"accuracy", "f1", "auc", "r2"})


def named(scores: dict[str, float]) -> dict[str, float]:
    """Scores under the names that say which rows they are of, as deep-learning libraries print them."""
    return {f"{PREFIX}{name}": value for name, value in scores.items()}


def validation_scores(model: Any, table: Table) -> dict[str, float]:
    """The metrics of a trained model on the validation part."""
    if table.is_classification:
        return class_scores(model.predict_proba(table.validation), table.validation_targets)
    return number_scores(model.predict(table.validation), table.validation_targets)


def class_scores(probabilities: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Accuracy, macro F1, log loss, and AUC where the rows have every class."""
    places = np.arange(probabilities.shape[1])
    # In 64 bits they have to add up to one, too.
    exact = probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    guesses = exact.argmax(axis=1)
    scores = {
        "accuracy": accuracy_score(targets, guesses),
        "f1": f1_score(targets, guesses, average="macro", zero_division=0),
        "logLoss": log_loss(targets, exact, labels=places),
    }
    if len(np.unique(targets)) == len(places):
        chances = exact[:, 1] if len(places) == 2 else exact
        scores["auc"] = roc_auc_score(targets, chances, multi_class="ovr", average="macro")
    return {name: float(value) for name, value in scores.items()}


def number_scores(got: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Root mean squared error, mean absolute error, and the share of the variation that is explained."""
    scores = {"rmse": root_mean_squared_error(targets, got), "mae": mean_absolute_error(targets, got)}
    if len(targets) > 1:
        scores["r2"] = r2_score(targets, got)
    return {name: float(value) for name, value in scores.items()}


def baseline_scores(table: Table) -> dict[str, float]:
    """What the most frequent class, or the mean, reaches."""
    dummy = DummyClassifier(strategy="prior") if table.is_classification else DummyRegressor()
    scores = validation_scores(dummy.fit(table.truth.reshape(-1, 1), table.truth), table)
    kept = ("accuracy", "logLoss", "rmse", "mae")
    return {f"baseline{name[0].upper()}{name[1:]}": value for name, value in scores.items() if name in kept}


def is_better(name: str, value: float, than: float) -> bool:
    """Whether a value of a metric is better than another."""
    return value > than if name in LARGER_IS_BETTER else value < than
