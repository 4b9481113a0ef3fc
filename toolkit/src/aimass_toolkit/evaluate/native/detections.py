"""Scores and boxes of queries as detections, in the way of each family of models, as the runtime answers them."""

from __future__ import annotations

import re

import numpy as np
from scipy.special import expit, softmax

from .answers import refusal
from .predictor import Answers, Array

DETECTION = frozenset({"object-detection"})
#: Families in which every class has a score for itself, by how many detections are kept; others have a class "nothing".
HUNDRED = re.compile(r"(deformable|conditional)_detr$")
AS_MANY_AS_QUERIES = re.compile(r"rt_detr|d_fine|dfine|rf_detr|deim")


def detections(outputs: Answers, model_type: str) -> Answers:
    """`boxes` [images, found, 4], `scores` and `classes` [images, found] of a detector's `logits` and `pred_boxes`."""
    logits, boxes = queries_of(outputs)
    if HUNDRED.match(model_type):
        return best_of_all(logits, boxes, 100)
    if AS_MANY_AS_QUERIES.match(model_type):
        return best_of_all(logits, boxes, logits.shape[1])
    return best_of_each(logits, boxes)


def queries_of(outputs: Answers) -> tuple[Array, Array]:
    """Scores [images, queries, classes], FP64, and boxes [images, queries, 4]."""
    logits = outputs.get("logits")
    others = [one for name, one in outputs.items() if name != "logits" and one.ndim == 3 and one.shape[2] == 4]
    boxes = outputs.get("pred_boxes", next(iter(others), None))
    if logits is None or logits.ndim != 3 or boxes is None or boxes.shape[:2] != logits.shape[:2]:
        wanted = "logits [images, queries, classes] and pred_boxes [images, queries, 4]"
        raise refusal("object-detection", outputs, wanted)
    return logits.astype(np.float64), boxes


def best_of_each(logits: Array, boxes: Array) -> Answers:
    """The best class of each query, beside "nothing", which is the last one."""
    shares = softmax(logits, axis=2)[:, :, :-1]
    return {"boxes": boxes, "scores": shares.max(axis=2), "classes": shares.argmax(axis=2)}


def best_of_all(logits: Array, boxes: Array, most: int) -> Answers:
    """The best of all pairs of query and class."""
    images, _, classes = logits.shape
    flat = expit(logits).reshape(images, -1)
    order = np.argsort(-flat, axis=1, kind="stable")[:, :most]
    chosen = np.take_along_axis(boxes, (order // classes)[:, :, None], axis=1)
    return {"boxes": chosen, "scores": np.take_along_axis(flat, order, axis=1), "classes": order % classes}
