"""Boosted trees, of scikit-learn and of LightGBM, with early stopping on the validation part."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from aimass_toolkit.stage.progress import report
from aimass_toolkit.stage.threads import threads

from .options import Options
from .scores import CHOOSING, is_better, named, validation_scores
from .table import Table

TREES = 300
LEARNING_RATE = 0.1
# Rounds between two looks at the validation part: scikit-learn has no callback.
STEP = 10
# Few rows need small leaves to learn anything at all.
LEAST_IN_LEAF = 20


def least_in_leaf(table: Table) -> int:
    """Rows that a leaf must have."""
    return round(max(2, min(LEAST_IN_LEAF, len(table.truth) // 20)) * table.copies)


def fit_gradient_boosting(table: Table, options: Options, seed: int) -> tuple[Any, int]:
    """Scikit-learn's, grown step by step; when it gets no better, trained again with as many rounds as were best."""
    total = options.trees or TREES
    model = new_gradient_boosting(table, options, seed).set_params(warm_start=True)
    metric = CHOOSING[table.is_classification]
    best_value, best_at = float("inf"), 0
    for rounds in range(min(STEP, total), total + 1, STEP):
        model.set_params(max_iter=rounds).fit(table.train, table.train_targets, sample_weight=table.weights)
        scores = validation_scores(model, table)
        report(rounds, total, **named(scores))
        if not best_at or is_better(metric, scores[metric], best_value):
            best_value, best_at = scores[metric], rounds
        if options.early_stopping and rounds - best_at >= options.patience:
            break
    rounds = best_at if options.early_stopping else total
    again = new_gradient_boosting(table, options, seed).set_params(max_iter=rounds)
    return again.fit(table.train, table.train_targets, sample_weight=table.weights), rounds


def new_gradient_boosting(table: Table, options: Options, seed: int) -> Any:
    """The model, untrained."""
    settings: dict[str, Any] = {
        "learning_rate": options.learning_rate or LEARNING_RATE,
        "max_depth": options.max_depth,
        "l2_regularization": options.l2 or 0.0,
        "min_samples_leaf": least_in_leaf(table),
        "early_stopping": False,
        "random_state": seed,
    }
    if not table.is_classification:
        return HistGradientBoostingRegressor(**settings)
    return HistGradientBoostingClassifier(**settings)


def fit_lightgbm(table: Table, options: Options, seed: int) -> tuple[Any, int]:
    """LightGBM's, which stops by itself and keeps the best round."""
    import lightgbm

    total = options.trees or TREES
    settings: dict[str, Any] = {
        "n_estimators": total,
        "learning_rate": options.learning_rate or LEARNING_RATE,
        "max_depth": options.max_depth or -1,
        "reg_lambda": options.l2 or 0.0,
        "min_child_samples": least_in_leaf(table),
        "random_state": seed,
        "n_jobs": threads(),
        # The same model from the same data, whatever the threads.
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    callbacks = [progress_of_lightgbm(total)]
    if options.early_stopping:
        callbacks.append(lightgbm.early_stopping(options.patience, first_metric_only=True, verbose=False))
    if table.is_classification:
        kind = "binary" if len(table.labels) == 2 else "multi"
        model: Any = lightgbm.LGBMClassifier(**settings)
        metrics = [f"{kind}_logloss", f"{kind}_error"]
    else:
        model, metrics = lightgbm.LGBMRegressor(**settings), ["rmse", "l1"]
    model.set_params(metric="none")
    model.fit(
        table.train,
        table.train_targets,
        sample_weight=table.weights,
        eval_X=table.validation,
        eval_y=table.validation_targets,
        eval_metric=metrics,
        callbacks=callbacks,
    )
    return model, model.best_iteration_ or total


def progress_of_lightgbm(total: int) -> Any:
    """A callback of LightGBM that prints a line of progress a round."""
    names = {"binary_logloss": "logLoss", "multi_logloss": "logLoss", "rmse": "rmse", "l1": "mae"}

    def each_round(environment: Any) -> None:
        values: dict[str, float] = {}
        for _, name, value, *_ in environment.evaluation_result_list:
            if name in names:
                values[names[name]] = float(value)
            elif name.endswith("_error"):
                values["accuracy"] = 1 - float(np.float64(value))
        report(environment.iteration + 1, total, **named(values))

    each_round.order = 10  # type: ignore[attr-defined] # before early stopping, which raises
    return each_round
