"""Figures of how good a model is on rows that it never saw, measured as the stage evaluate does."""

import numpy as np

from aimass_toolkit.metrics.measure import measure_for


def classification_metrics(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Of scores of classes."""
    return measured("text-classification", {"label": logits.argmax(1), "logits": logits}, {"labels": labels})


def ranking_metrics(scores: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> dict[str, float]:
    """Of scores of texts; each group is one query."""
    return measured("text-ranking", {"scores": scores}, {"labels": labels, "groups": groups})


def retrieval_metrics(left: np.ndarray, right: np.ndarray) -> dict[str, float]:
    """Of vectors and those of their partners."""
    return measured("feature-extraction", {"embeddings": left, "others": right}, {})


def measured(task: str, answers: dict[str, np.ndarray], truth: dict[str, np.ndarray]) -> dict[str, float]:
    """The metrics of a task."""
    measure = measure_for(task)
    measure.add(answers, truth)
    return measure.metrics()


def most_common_baseline(train: np.ndarray, labels: np.ndarray, classes: int) -> dict[str, float]:
    """What is reached without a look at the input: by answering how often each class occurs."""
    shares = np.bincount(train, minlength=classes) + 1e-9
    return classification_metrics(np.tile(np.log(shares / shares.sum()), (len(labels), 1)), labels)
