"""The measure of a task: takes batches of answers and truths, and gives the metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy.typing as npt

from .classes import ClassMeasure
from .embeddings import EmbeddingMeasure
from .numbers import NumberMeasure
from .rankings import RankingMeasure
from .tokens import NextTokenMeasure, TokenClassMeasure, TokenMeasure

Array = npt.NDArray[Any]
#: What a model answered, by name: label, probabilities, logits, prediction, scores, embeddings.
Answers = Mapping[str, Array]


class Measure(Protocol):
    """Collects what the metrics need of each batch."""

    def add(self, answers: Answers, truth: Mapping[str, Array]) -> None:
        """One batch: the answers, and the truth by name: `labels`, and `groups` for rankings."""

    def metrics(self) -> dict[str, float]:
        """The metrics of all batches. One that cannot be told from this data is left out."""


MEASURES: dict[str, type[Any]] = {
    "tabular-classification": ClassMeasure,
    "text-classification": ClassMeasure,
    "image-classification": ClassMeasure,
    "zero-shot-classification": ClassMeasure,
    "tabular-regression": NumberMeasure,
    "text-ranking": RankingMeasure,
    "feature-extraction": EmbeddingMeasure,
    "sentence-similarity": EmbeddingMeasure,
    "token-classification": TokenClassMeasure,
    "text-generation": NextTokenMeasure,
    "fill-mask": TokenMeasure,
}


def measure_for(task: str) -> Measure | None:
    """A new measure for a task, or None for tasks that are not measured here."""
    if task not in MEASURES:
        return None
    measure: Measure = MEASURES[task]()
    return measure
