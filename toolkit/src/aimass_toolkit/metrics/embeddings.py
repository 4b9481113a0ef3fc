"""Metrics of embeddings: pairs that belong together should be near each other, and nearer than others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

Array = npt.NDArray[Any]

#: Vectors compared at once.
BLOCK = 512


class EmbeddingMeasure:
    """Keeps both vectors of each pair: `embeddings` are answers for the first side, `others` for the second."""

    def __init__(self) -> None:
        self.first: list[Array] = []
        self.second: list[Array] = []
        self.similarity: list[Array] = []

    def add(self, answers: Mapping[str, Array], truth: Mapping[str, Array]) -> None:
        """One batch of pairs; `labels`, where they are there, say how alike the two are."""
        self.first.append(unit(answers["embeddings"]))
        self.second.append(unit(answers["others"]))
        if "labels" in truth:
            self.similarity.append(np.asarray(truth["labels"], dtype=np.float64).reshape(-1))

    def metrics(self) -> dict[str, float]:
        """The metrics. Where labels differ, not all pairs belong together: then their order is what counts."""
        first, second = np.concatenate(self.first), np.concatenate(self.second)
        cosines = (first * second).sum(axis=1)
        similarity = np.concatenate(self.similarity) if self.similarity else np.ones(len(first))
        if not np.isfinite(cosines).all():
            return dict.fromkeys(("recallAt1", "meanCosine"), float("nan"))
        if len(np.unique(similarity)) > 1:
            return {"spearman": float(spearmanr(cosines, similarity).statistic)}
        return {"recallAt1": recall_at_1(first, second), "meanCosine": float(cosines.mean())}


def unit(vectors: Array) -> Array:
    """Vectors of length 1."""
    floats = np.asarray(vectors, dtype=np.float32)
    return np.asarray(floats / np.maximum(np.linalg.norm(floats, axis=1, keepdims=True), 1e-12))


def recall_at_1(first: Array, second: Array) -> float:
    """The share of first ones whose nearest second one is their own, or one that is equal to it."""
    found = 0
    for start in range(0, len(first), BLOCK):
        cosines = first[start : start + BLOCK] @ second.T
        own = cosines[np.arange(len(cosines)), np.arange(start, start + len(cosines))]
        found += int((cosines.max(axis=1) <= own + 1e-6).sum())
    return found / len(first)
