"""The measure of a task: takes batches of answers and truths, and gives the metrics."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, Protocol

import numpy.typing as npt

from .boxes import BoxMeasure
from .classes import ClassMeasure
from .embeddings import EmbeddingMeasure
from .numbers import NumberMeasure
from .rankings import RankingMeasure
from .tokens import NextTokenMeasure, TokenClassMeasure, TokenMeasure

Array = npt.NDArray[Any]
#: What a model answered, by name: label, probabilities, logits, prediction, scores, embeddings, boxes.
Answers = Mapping[str, Array]


class Measure(Protocol):
    """Collects what the metrics need of each batch."""

    def add(self, answers: Answers, truth: Mapping[str, Array]) -> None:
        """One batch: the answers, and the truth by name: `labels`, `groups` for rankings, `boxes`."""

    def metrics(self) -> dict[str, float]:
        """The metrics of all batches. One that cannot be told from this data is left out."""


MEASURES: dict[str, type[Any]] = {
    "tabular-classification": ClassMeasure,
    "text-classification": ClassMeasure,
    "image-classification": ClassMeasure,
    "object-detection": BoxMeasure,
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
    """A new measure for a task, or None for tasks that are not measured in this image."""
    if task not in MEASURES or not has_library(task):
        return None
    measure: Measure = MEASURES[task]()
    return measure


def has_library(task: str) -> bool:
    """Whether the image has what a task is measured with: COCO's library is in the main one only."""
    return task != "object-detection" or find_spec("pycocotools") is not None
