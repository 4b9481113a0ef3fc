"""Logistic and ridge regression."""

from __future__ import annotations

import warnings
from typing import Any

from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from .options import Options
from .table import Table

MAX_ITERATIONS = 2000
LEAST_L2 = 1e-10


def fit_linear(table: Table, options: Options, seed: int) -> tuple[Any, int]:
    """The model, and the steps it took. `l2` is the weight of the squared coefficients; 1 is usual."""
    l2 = 1.0 if options.l2 is None else options.l2
    if not table.is_classification:
        return Ridge(alpha=l2, random_state=seed).fit(table.train, table.train_targets), 1
    model = LogisticRegression(C=1 / max(l2, LEAST_L2), max_iter=MAX_ITERATIONS, random_state=seed)
    with warnings.catch_warnings():
        # Classes that can be told apart without error never converge without l2; what is reached is good.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(table.train, table.train_targets, sample_weight=table.weights)
    return model, int(model.n_iter_.max())
