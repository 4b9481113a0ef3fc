"""Metrics of ranking: for each query, how far up the texts are that matter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, ndcg_score

Array = npt.NDArray[Any]

#: Places that ndcg looks at.
TOP = 10


class RankingMeasure:
    """Keeps one score, one relevance and one query for each text."""

    def __init__(self) -> None:
        self.scores: list[Array] = []
        self.relevance: list[Array] = []
        self.groups: list[Array] = []

    def add(self, answers: Mapping[str, Array], truth: Mapping[str, Array]) -> None:
        """One batch; without `groups` all texts belong to one query."""
        relevance = np.asarray(truth["labels"], dtype=np.float64).reshape(-1)
        self.relevance.append(relevance)
        self.scores.append(np.asarray(answers["scores"], dtype=np.float64).reshape(-1))
        self.groups.append(np.asarray(truth.get("groups", np.zeros(len(relevance)))).reshape(-1))

    def metrics(self) -> dict[str, float]:
        """The means over the queries that have something to find and something else."""
        scores, relevance, groups = (np.concatenate(one) for one in (self.scores, self.relevance, self.groups))
        if not np.isfinite(scores).all():
            return dict.fromkeys(("ndcg", "mrr", "map"), float("nan"))
        order = np.argsort(groups, kind="stable")
        edges = np.flatnonzero(groups[order][1:] != groups[order][:-1]) + 1
        queries = [part for part in np.split(order, edges) if (relevance[part] > 0).any() and len(part) > 1]
        if not queries:
            return {}
        each = [query_metrics(relevance[part], scores[part]) for part in queries]
        return {name: float(np.mean([one[name] for one in each])) for name in each[0]}


def query_metrics(relevance: Array, scores: Array) -> dict[str, float]:
    """The metrics of one query. Of equal scores, those of texts that do not matter come first."""
    best = scores[relevance > 0].max()
    return {
        "ndcg": float(ndcg_score([np.maximum(relevance, 0)], [scores], k=TOP)),
        "mrr": 1 / (1 + int((scores[relevance <= 0] >= best).sum())),
        "map": float(average_precision_score(relevance > 0, scores)),
    }
