"""Metrics of classification."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import softmax
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

Array = npt.NDArray[Any]

#: Above so many probabilities they are not kept, and auc is left out: it needs all of them at once.
MOST_KEPT = 50_000_000
SMALLEST = 1e-15


class ClassMeasure:
    """Keeps the labels, and the probabilities while they are few; the log loss is summed up."""

    def __init__(self) -> None:
        self.answered: list[Array] = []
        self.true: list[Array] = []
        self.probabilities: list[Array] | None = []
        self.kept = 0
        self.loss = 0.0
        self.has_loss = True

    def add(self, answers: Mapping[str, Array], truth: Mapping[str, Array]) -> None:
        """One batch."""
        true = np.asarray(truth["labels"]).reshape(-1).astype(np.int64)
        self.answered.append(np.asarray(answers["label"]).reshape(-1))
        self.true.append(true)
        probabilities = probabilities_of(answers)
        if probabilities is None or true.max(initial=0) >= probabilities.shape[1]:
            self.has_loss, self.probabilities = False, None
            return
        likelihood = np.clip(probabilities[np.arange(len(true)), true], SMALLEST, 1)
        self.loss -= float(np.log(likelihood).sum())
        self._keep(probabilities)

    def _keep(self, probabilities: Array) -> None:
        self.kept += probabilities.size
        if self.probabilities is not None and self.kept <= MOST_KEPT:
            self.probabilities.append(probabilities.astype(np.float32))
        else:
            self.probabilities = None

    def metrics(self) -> dict[str, float]:
        """The metrics."""
        true, answered = np.concatenate(self.true), np.concatenate(self.answered)
        metrics = {
            "accuracy": float(accuracy_score(true, answered)),
            "f1": float(f1_score(true, answered, average="macro", zero_division=0)),
            "balancedAccuracy": balanced(true, answered),
        }
        if self.probabilities is not None:
            area = area_under_curve(true, np.concatenate(self.probabilities))
            metrics.update({} if area is None else {"auc": area})
        if self.has_loss:
            metrics["logLoss"] = self.loss / len(true)
        return metrics


def balanced(true: Array, answered: Array) -> float:
    """The mean, over the classes that occur, of the share that was found."""
    return float(np.mean([(answered[true == name] == name).mean() for name in np.unique(true)]))


def probabilities_of(answers: Mapping[str, Array]) -> Array | None:
    """Probabilities, of logits where the model gives those."""
    if "probabilities" in answers:
        return np.asarray(answers["probabilities"], dtype=np.float64)
    if "logits" not in answers:
        return None
    logits = np.asarray(answers["logits"], dtype=np.float64)
    return np.asarray(softmax(logits, axis=1))


def area_under_curve(true: Array, probabilities: Array) -> float | None:
    """The area under the ROC curve; of more classes than two, the mean of each that occurs against the rest."""
    if not np.isfinite(probabilities).all():
        return math.nan
    if probabilities.shape[1] == 2:
        return float(roc_auc_score(true == 1, probabilities[:, 1])) if len(np.unique(true)) == 2 else None
    names = [name for name in np.unique(true) if 0 < (true == name).sum() < len(true)]
    areas = [float(roc_auc_score(true == name, probabilities[:, name])) for name in names]
    return float(np.mean(areas)) if areas else None
