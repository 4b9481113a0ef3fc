"""Random forests, grown in ten steps so that there is progress to see."""

from __future__ import annotations

import math
from typing import Any

from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from aimass_toolkit.stage.progress import report
from aimass_toolkit.stage.threads import threads

from .options import Options
from .scores import named, validation_scores
from .table import Table

TREES = 200
LEAST_IN_LEAF = 2
STEPS = 10


def fit_forest(table: Table, options: Options, seed: int) -> tuple[Any, int]:
    """The model, and its number of trees. More trees never overfit, so there is no early stopping."""
    total = options.trees or TREES
    settings: dict[str, Any] = {
        "max_depth": options.max_depth,
        # Leaves of a few rows give probabilities that are worth the name.
        "min_samples_leaf": round(LEAST_IN_LEAF * table.copies),
        "random_state": seed,
        "n_jobs": threads(),
        "warm_start": True,
    }
    model: Any = (RandomForestClassifier if table.is_classification else RandomForestRegressor)(**settings)
    step = math.ceil(total / STEPS)
    for trees in range(step, total + step, step):
        model.set_params(n_estimators=min(trees, total))
        model.fit(table.train, table.train_targets, sample_weight=table.weights)
        report(min(trees, total), total, **named(validation_scores(model, table)))
    return model.set_params(warm_start=False, n_jobs=None), total
