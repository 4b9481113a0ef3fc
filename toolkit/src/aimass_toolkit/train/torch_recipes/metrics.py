"""Figures of how good a model is on rows that it never saw."""

import numpy as np

from .training.objectives import log_softmax


def classification_metrics(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Share of right answers, macro F1, log loss."""
    answers = logits.argmax(1)
    likelihood = log_softmax(logits)[np.arange(len(labels)), labels]
    return {
        "accuracy": float((answers == labels).mean()),
        "macroF1": macro_f1(answers, labels),
        "logLoss": float(-likelihood.mean()),
    }


def macro_f1(answers: np.ndarray, labels: np.ndarray) -> float:
    """The mean of F1 over the classes that occur."""
    scores = []
    for name in np.union1d(answers, labels):
        right = float(((answers == name) & (labels == name)).sum())
        scores.append(2 * right / float((answers == name).sum() + (labels == name).sum()))
    return float(np.mean(scores))


def most_common_baseline(train: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """What always answering the most common class reaches."""
    common = np.bincount(train).argmax()
    return {"accuracy": float((labels == common).mean()), "macroF1": macro_f1(np.full_like(labels, common), labels)}


def ranking_metrics(scores: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> dict[str, float]:
    """NDCG at 10, the mean reciprocal rank of the first relevant text, and how often the first one is relevant; over queries with a relevant text."""
    found: dict[str, list[float]] = {"ndcg@10": [], "mrr": [], "precision@1": []}
    for group in np.unique(groups):
        rows = groups == group
        gains = labels[rows][np.argsort(-scores[rows], kind="stable")]
        if gains.max() <= 0:
            continue
        found["ndcg@10"].append(gain_of(gains) / gain_of(np.sort(gains)[::-1]))
        found["mrr"].append(1 / (1 + int(np.argmax(gains > 0))))
        found["precision@1"].append(float(gains[0] > 0))
    return {name: float(np.mean(values)) if values else 0.0 for name, values in found.items()}


def gain_of(gains: np.ndarray, depth: int = 10) -> float:
    """Discounted cumulative gain of the first few."""
    first = gains[:depth].astype(np.float64)
    return float(((2**first - 1) / np.log2(np.arange(2, len(first) + 2))).sum())


def retrieval_metrics(left: np.ndarray, right: np.ndarray) -> dict[str, float]:
    """How well each vector finds its partner among all of the other side, by cosine."""
    scores = unit(left) @ unit(right).T
    places = (scores > np.diag(scores)[:, None]).sum(1)
    return {"recall@1": float((places == 0).mean()), "recall@10": float((places < 10).mean()), "mrr": float((1 / (1 + places)).mean())}


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
