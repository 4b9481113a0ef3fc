"""Metrics of regression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

Array = npt.NDArray[Any]


class NumberMeasure:
    """Keeps predictions and truths: they are small."""

    def __init__(self) -> None:
        self.predicted: list[Array] = []
        self.true: list[Array] = []

    def add(self, answers: Mapping[str, Array], truth: Mapping[str, Array]) -> None:
        """One batch."""
        true = np.asarray(truth["labels"], dtype=np.float64)
        self.true.append(true.reshape(len(true), -1))
        self.predicted.append(np.asarray(answers["prediction"], dtype=np.float64).reshape(len(true), -1))

    def metrics(self) -> dict[str, float]:
        """The metrics; those of several targets are their mean."""
        true, predicted = np.concatenate(self.true), np.concatenate(self.predicted)
        if not np.isfinite(predicted).all():
            return dict.fromkeys(("rmse", "mae", "r2"), float("nan"))
        metrics = {
            "rmse": float(root_mean_squared_error(true, predicted)),
            "mae": float(mean_absolute_error(true, predicted)),
        }
        # R² asks how much of the spread is explained: without spread it is not defined.
        if len(true) > 1 and (true.std(axis=0) > 0).all():
            metrics["r2"] = float(r2_score(true, predicted))
        return metrics
