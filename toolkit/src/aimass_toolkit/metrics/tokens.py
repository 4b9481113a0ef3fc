"""Metrics of tokens: how well each place is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from .classes import ClassMeasure

Array = npt.NDArray[Any]

#: Labels of places that do not count, as in transformers.
IGNORED = -100


class TokenMeasure:
    """Sums up the likelihood and the hits: logits over a vocabulary are too many to keep."""

    shift = 0

    def __init__(self) -> None:
        self.loss = 0.0
        self.hits = 0
        self.count = 0

    def add(self, answers: Mapping[str, Array], truth: Mapping[str, Array]) -> None:
        """One batch of logits [rows, places, vocabulary] and labels [rows, places]."""
        logits, labels = counted(answers["logits"], truth["labels"], self.shift)
        self.loss += float((logsumexp(logits, axis=1) - logits[np.arange(len(labels)), labels]).sum())
        self.hits += int((logits.argmax(axis=1) == labels).sum())
        self.count += len(labels)

    def metrics(self) -> dict[str, float]:
        """The metrics."""
        if not self.count:
            return {}
        return {"perplexity": float(np.exp(self.loss / self.count)), "accuracy": self.hits / self.count}


class NextTokenMeasure(TokenMeasure):
    """Each place tells the next token."""

    shift = 1


class TokenClassMeasure:
    """Each place has a class."""

    def __init__(self) -> None:
        self.places = ClassMeasure()

    def add(self, answers: Mapping[str, Array], truth: Mapping[str, Array]) -> None:
        """One batch of logits [rows, places, classes] and labels [rows, places]."""
        logits, labels = counted(answers["logits"], truth["labels"], 0)
        self.places.add({"label": logits.argmax(axis=1)}, {"labels": labels})

    def metrics(self) -> dict[str, float]:
        """The metrics."""
        found = self.places.metrics()
        return {name: found[name] for name in ("f1", "accuracy")}


def counted(logits: Array, labels: Array, shift: int) -> tuple[Array, Array]:
    """The logits and labels of the places that count, one below the other."""
    scores = np.asarray(logits, dtype=np.float64)
    places = scores.shape[1] - shift
    true = np.asarray(labels, dtype=np.int64)[:, shift:].reshape(-1)
    flat = scores[:, :places].reshape(-1, scores.shape[-1])
    return flat[true != IGNORED], true[true != IGNORED]
