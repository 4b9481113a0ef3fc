"""Outputs of a model, whatever their names, as what the task means by them."""

from __future__ import annotations

import numpy as np

from aimass_toolkit.stage.report import StageError

from .predictor import Answers, Array, Arrays

CLASSIFICATION = frozenset(
    {"tabular-classification", "text-classification", "image-classification", "zero-shot-classification"}
)
REGRESSION = frozenset({"tabular-regression"})
EMBEDDING = frozenset({"feature-extraction", "sentence-similarity"})
RANKING = frozenset({"text-ranking"})
TOKENS = frozenset({"token-classification", "fill-mask", "text-generation"})

PROBABILITIES = ("probabilities", "output_probability", "probs")
LABELS = ("label", "output_label", "labels")
EMBEDDINGS = ("sentence_embedding", "embeddings", "embedding", "pooler_output", "last_hidden_state")


def name_answers(task: str, outputs: Answers, arrays: Arrays) -> Answers:
    """The outputs under the names that the rest of the toolkit knows, beside outputs that it does not know."""
    if task in CLASSIFICATION:
        return of_classes(outputs)
    if task in REGRESSION:
        return {"prediction": one_float(outputs, ("prediction", "variable"), task)}
    if task in EMBEDDING:
        return {"embeddings": pooled(one_float(outputs, EMBEDDINGS, task), arrays)}
    if task in RANKING:
        return {"scores": last_column(one_float(outputs, ("scores", "score", "logits"), task))}
    if task in TOKENS:
        return {"logits": one_float(outputs, ("logits",), task)}
    return dict(outputs)


def of_classes(outputs: Answers) -> Answers:
    """`label` always, and `probabilities` or `logits` where the model gives scores."""
    answers: Answers = {}
    if (name := first_of(outputs, PROBABILITIES)) is not None:
        answers["probabilities"] = outputs[name]
    elif (scores := scores_of(outputs)) is not None:
        answers["probabilities" if is_distribution(scores) else "logits"] = scores
    if (name := first_of(outputs, LABELS)) is not None:
        answers["label"] = outputs[name].reshape(-1)
    elif answers:
        answers["label"] = np.argmax(next(iter(answers.values())), axis=1)
    if not answers:
        raise refusal("tabular-classification", outputs, "scores of two dimensions, or labels")
    return answers


def scores_of(outputs: Answers) -> Array | None:
    """The floats with a row for each row and a column for each class. One column is the score of the second class."""
    named = [outputs["logits"]] if "logits" in outputs else []
    for values in [*named, *outputs.values()]:
        if values.dtype.kind == "f" and values.ndim == 2:
            return values if values.shape[1] > 1 else two_columns(values[:, 0])
    return None


def two_columns(values: Array) -> Array:
    """Scores of two classes from that of the second: probabilities where they can be, else logits."""
    if values.size and values.min() >= 0 and values.max() <= 1:
        return np.stack([1 - values, values], axis=1)
    return np.stack([np.zeros_like(values), values], axis=1)


def is_distribution(scores: Array) -> bool:
    """Whether each row can be probabilities: from 0 to 1, and 1 in all."""
    if not scores.size or not np.isfinite(scores).all() or scores.min() < 0:
        return False
    return bool(np.allclose(scores.sum(axis=1), 1, atol=1e-3))


def pooled(values: Array, arrays: Arrays) -> Array:
    """One vector a row: vectors of tokens are averaged over those that the mask lets through."""
    if values.ndim != 3:
        return values
    mask = arrays.get("attention_mask")
    weights = np.ones(values.shape[:2]) if mask is None else np.asarray(mask, dtype=np.float64)
    return np.asarray((values * weights[..., None]).sum(axis=1) / np.maximum(weights.sum(axis=1), 1)[:, None])


def last_column(values: Array) -> Array:
    """One score a row; of two columns (not relevant, relevant) it is how far the second is ahead."""
    flat = values.reshape(len(values), -1)
    return np.asarray(flat[:, 1] - flat[:, 0]) if flat.shape[1] == 2 else flat[:, -1]


def one_float(outputs: Answers, names: tuple[str, ...], task: str) -> Array:
    """The output of one of these names, else the first of floats."""
    name = first_of(outputs, names)
    name = name or next((key for key, values in outputs.items() if values.dtype.kind == "f"), None)
    if name is None:
        raise refusal(task, outputs, "an output of floats")
    return outputs[name]


def first_of(outputs: Answers, names: tuple[str, ...]) -> str | None:
    """The first of these names that is there."""
    return next((name for name in names if name in outputs), None)


def refusal(task: str, outputs: Answers, wanted: str) -> StageError:
    """A model that does not do what its task says."""
    there = ", ".join(f"{name} ({values.dtype}, {list(values.shape)})" for name, values in outputs.items())
    return StageError("OutputInvalid", f"A model for {task} gives {wanted}; this one gives {there}. Correct spec.task.")
