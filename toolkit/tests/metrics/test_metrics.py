"""Metrics against scikit-learn and against values worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as reference

from aimass_toolkit.metrics import METRICS, higher_is_better, measure_for, metrics_of, primary_metric

RNG = np.random.default_rng(0)


def measured(task: str, answers: dict[str, Any], labels: Any, batches: int = 1, **truth: Any) -> dict[str, float]:
    """The metrics when the rows come in so many batches."""
    measure = measure_for(task)
    assert measure is not None
    given = {"labels": np.asarray(labels), **{name: np.asarray(value) for name, value in truth.items()}}
    for part in np.array_split(np.arange(len(given["labels"])), batches):
        measure.add(
            {name: np.asarray(one)[part] for name, one in answers.items()}, {k: v[part] for k, v in given.items()}
        )
    return measure.metrics()


@pytest.mark.parametrize("batches", [1, 7])
@pytest.mark.parametrize("classes", [2, 4])
def test_classification_is_that_of_scikit_learn(classes: int, batches: int) -> None:
    true = RNG.integers(0, classes, 200)
    logits = RNG.normal(size=(200, classes)) + np.eye(classes)[true]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    label = probabilities.argmax(axis=1)
    scores = probabilities if classes > 2 else probabilities[:, 1]
    want = {
        "accuracy": reference.accuracy_score(true, label),
        "f1": reference.f1_score(true, label, average="macro"),
        "balancedAccuracy": reference.balanced_accuracy_score(true, label),
        "auc": reference.roc_auc_score(true, scores, multi_class="ovr", average="macro"),
        "logLoss": reference.log_loss(true, probabilities),
    }
    got = measured("tabular-classification", {"label": label, "probabilities": probabilities}, true, batches)
    assert got == pytest.approx(want, rel=1e-6)
    from_logits = measured("image-classification", {"label": label, "logits": logits}, true, batches)
    assert from_logits == pytest.approx(want, rel=1e-6)
    assert tuple(got) == metrics_of("tabular-classification")


def test_classification_without_scores_has_no_auc_and_no_loss() -> None:
    got = measured("text-classification", {"label": [0, 1, 1, 2]}, [0, 1, 0, 1])
    assert got == pytest.approx({"accuracy": 0.5, "f1": (2 / 3 + 0.5 + 0) / 3, "balancedAccuracy": 0.5})


def test_one_class_alone_has_no_auc() -> None:
    got = measured("tabular-classification", {"label": [1, 1], "probabilities": [[0.2, 0.8], [0.4, 0.6]]}, [1, 1])
    assert "auc" not in got
    assert got["logLoss"] == pytest.approx(-(math.log(0.8) + math.log(0.6)) / 2)


def test_probabilities_that_are_no_numbers_are_seen() -> None:
    got = measured("tabular-classification", {"label": [0, 1], "probabilities": [[0.5, 0.5], [np.nan, np.nan]]}, [0, 1])
    assert math.isnan(got["auc"])
    assert math.isnan(got["logLoss"])


@pytest.mark.parametrize("batches", [1, 3])
def test_regression_is_that_of_scikit_learn(batches: int) -> None:
    true = RNG.normal(size=50)
    predicted = true + RNG.normal(size=50) / 3
    want = {
        "rmse": reference.root_mean_squared_error(true, predicted),
        "mae": reference.mean_absolute_error(true, predicted),
        "r2": reference.r2_score(true, predicted),
    }
    got = measured("tabular-regression", {"prediction": predicted[:, None]}, true, batches)
    assert got == pytest.approx(want)
    assert tuple(got) == metrics_of("tabular-regression")


def test_regression_by_hand() -> None:
    assert measured("tabular-regression", {"prediction": [1, 2, 6]}, [1, 2, 3]) == pytest.approx(
        {"rmse": math.sqrt(3), "mae": 1, "r2": 1 - 9 / 2}
    )
    assert measured("tabular-regression", {"prediction": [1.0, 2.0]}, [2, 2]) == pytest.approx(
        {"rmse": math.sqrt(0.5), "mae": 0.5}
    )
    assert all(math.isnan(one) for one in measured("tabular-regression", {"prediction": [np.nan, 2]}, [1, 2]).values())


@pytest.mark.parametrize("batches", [1, 2])
def test_ranking_by_hand(batches: int) -> None:
    scores = [3, 2, 1, 5, 4, 3, 9]
    relevant = [0, 1, 1, 1, 0, 0, 1]
    groups = [7, 7, 7, 8, 8, 8, 9]
    first = (1 / math.log2(3) + 1 / 2) / (1 + 1 / math.log2(3))
    got = measured("text-ranking", {"scores": scores}, relevant, batches, groups=groups)
    assert got == pytest.approx({"ndcg": (first + 1) / 2, "mrr": (1 / 2 + 1) / 2, "map": ((1 / 2 + 2 / 3) / 2 + 1) / 2})


def test_ranking_in_which_all_are_equal_is_no_hit() -> None:
    assert measured("text-ranking", {"scores": [1, 1, 1]}, [1, 0, 0])["mrr"] == pytest.approx(1 / 3)
    assert measured("text-ranking", {"scores": [1, 2]}, [0, 0]) == {}


def test_embeddings_of_pairs() -> None:
    angles = np.array([0.0, 1.0, 2.0])
    first = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    near = np.stack([np.cos(angles + 0.1), np.sin(angles + 0.1)], axis=1) * 5
    got = measured("feature-extraction", {"embeddings": first, "others": near}, [1, 1, 1])
    assert got == pytest.approx({"recallAt1": 1, "meanCosine": math.cos(0.1)}, rel=1e-5)
    swapped = measured("feature-extraction", {"embeddings": first, "others": near[[1, 0, 2]]}, [1, 1, 1])
    assert swapped["recallAt1"] == pytest.approx(1 / 3)


def test_embeddings_of_pairs_that_are_more_or_less_alike() -> None:
    first = np.array([[1.0, 0.0]] * 4)
    others = np.array([[1.0, 0.0], [1.0, 0.5], [1.0, 1.0], [0.0, 1.0]])
    got = measured("sentence-similarity", {"embeddings": first, "others": others}, [5, 3, 2, 0])
    assert got == pytest.approx({"spearman": 1})


@pytest.mark.parametrize("batches", [1, 2])
def test_perplexity_by_hand(batches: int) -> None:
    logits = np.log(np.array([[[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]], [[0.2, 0.2, 0.6], [1 / 3, 1 / 3, 1 / 3]]]))
    got = measured("fill-mask", {"logits": logits}, [[0, 1], [2, -100]], batches)
    assert got == pytest.approx({"perplexity": (0.5 * 0.8 * 0.6) ** (-1 / 3), "accuracy": 1})
    next_one = measured("text-generation", {"logits": logits}, [[1, 0], [1, 0]], batches)
    assert next_one == pytest.approx({"perplexity": (0.5 * 0.2) ** (-1 / 2), "accuracy": 0.5})


def test_token_classes_leave_out_what_does_not_count() -> None:
    logits = np.eye(2)[np.array([[0, 1, 1], [1, 0, 0]])]
    got = measured("token-classification", {"logits": logits}, [[0, 1, -100], [1, 1, -100]])
    assert got == pytest.approx({"f1": (2 / 3 + 4 / 5) / 2, "accuracy": 0.75})


def test_each_task_has_a_primary_metric_of_the_table() -> None:
    for task in ("tabular-classification", "tabular-regression", "text-ranking", "object-detection", "fill-mask"):
        assert primary_metric(task) in METRICS
    assert primary_metric("custom") is None


@pytest.mark.parametrize(
    ("metric", "higher"),
    [
        ("accuracy", True),
        ("logLoss", False),
        ("rmse", False),
        ("val_loss", False),
        ("BLEU", True),
        ("wordError", False),
    ],
)
def test_which_way_is_better(metric: str, higher: bool) -> None:
    assert higher_is_better(metric) == higher
