"""A network of a few layers, epoch by epoch, which keeps the weights of the best one."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from aimass_toolkit.stage.progress import report

from .options import Options
from .scores import CHOOSING, is_better, named, validation_scores
from .table import Table

L2 = 1e-3
LEARNING_RATE = 1e-3


def fit_network(table: Table, options: Options, seed: int) -> tuple[Any, int]:
    """The model of the best epoch, and the number of epochs."""
    settings: dict[str, Any] = {
        "hidden_layer_sizes": options.layers(),
        "alpha": L2 if options.l2 is None else options.l2,
        "learning_rate_init": options.learning_rate or LEARNING_RATE,
        "batch_size": min(options.batch_size, len(table.train)),
        "random_state": seed,
    }
    return (fit_classes if table.is_classification else fit_numbers)(table, options, settings)


def fit_classes(table: Table, options: Options, settings: dict[str, Any]) -> tuple[Any, int]:
    """A classifier."""
    model = MLPClassifier(**settings)
    classes = np.arange(len(table.labels))

    def step() -> None:
        model.partial_fit(table.train, table.train_targets, sample_weight=table.weights, classes=classes)

    return best_epoch(model, step, table, options)


def fit_numbers(table: Table, options: Options, settings: dict[str, Any]) -> tuple[Any, int]:
    """A regressor. It learns the target at scale 1; the last layer is then scaled back, so nothing else has to know."""
    model = MLPRegressor(**settings)
    scaler = StandardScaler().fit(table.train_targets.reshape(-1, 1))
    mean, scale = float(scaler.mean_[0]), float(scaler.scale_[0])
    targets = (table.train_targets - mean) / scale

    def step() -> None:
        model.partial_fit(table.train, targets)

    return best_epoch(model, step, table, options, (mean, scale))


def scaled_back(model: Any, mean: float, scale: float) -> Any:
    """A copy whose last layer gives the target in its own unit."""
    scaled = copy.deepcopy(model)
    scaled.coefs_[-1] = scaled.coefs_[-1] * scale
    scaled.intercepts_[-1] = scaled.intercepts_[-1] * scale + mean
    return scaled


def best_epoch(
    model: Any, step: Any, table: Table, options: Options, unit: tuple[float, float] | None = None
) -> tuple[Any, int]:
    """Trains until the validation part gets no better for a while, or all epochs are through."""
    metric = CHOOSING[table.is_classification]
    best, best_value, best_at, epoch = None, float("inf"), 0, 0
    for epoch in range(1, options.epochs + 1):
        step()
        current = copy.deepcopy(model) if unit is None else scaled_back(model, *unit)
        scores = validation_scores(current, table)
        report(epoch, options.epochs, loss=float(model.loss_), **named(scores))
        if best is None or is_better(metric, scores[metric], best_value):
            best, best_value, best_at = current, scores[metric], epoch
        if options.early_stopping and epoch - best_at >= options.patience:
            break
    return (best if options.early_stopping else current), epoch
