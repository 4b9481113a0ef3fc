"""Metrics of object detection: COCO's mean average precision, by its own library."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

#: Detections that count of each image, the best first, as COCO has it; and the pixels that an image is measured as.
MOST = 100
SIDE = 640.0
#: Overlaps from 0.5 to 0.95: the places of 0.5 and 0.75 among them.
AT_50, AT_75 = 0, 5


class BoxMeasure:
    """Keeps the best detections of each image: `boxes` [images, queries, 4], `scores` and `classes` [images, queries].

    The truth is `boxes` [images, most, 4] and `labels` [images, most], -1 where an image has fewer. A box is its
    centre, width and height as shares of the image.
    """

    def __init__(self) -> None:
        self.found: list[Array] = []
        self.true: list[Array] = []
        self.images = 0
        self.is_finite = True

    def add(self, answers: Mapping[str, Array], truth: Mapping[str, Array]) -> None:
        """One batch."""
        scores, classes = np.asarray(answers["scores"], np.float64), np.asarray(answers["classes"])
        boxes, labels = corners(answers["boxes"]), np.asarray(truth["labels"])
        self.is_finite &= bool(np.isfinite(scores).all() and np.isfinite(boxes).all())
        true = corners(truth["boxes"])
        for row in range(len(labels)):
            number = self.images + row
            best = np.argsort(-scores[row], kind="stable")[:MOST]
            self.found.append(table(number, boxes[row][best], scores[row][best], classes[row][best]))
            there = labels[row] >= 0
            self.true.append(table(number, true[row][there], np.ones(there.sum()), labels[row][there]))
        self.images += len(labels)

    def metrics(self) -> dict[str, float]:
        """The means over the classes that occur, of the precision at all recalls; none without any box to find."""
        true, found = np.concatenate(self.true), np.concatenate(self.found)
        if len(true) == 0:
            return {}
        if not self.is_finite:
            return dict.fromkeys(("map", "map50", "map75"), float("nan"))
        precision = precisions(true, found, self.images)
        return {"map": mean(precision), "map50": mean(precision[AT_50]), "map75": mean(precision[AT_75])}


def corners(boxes: Array) -> Array:
    """Centre, width and height [..., 4] as the upper left corner, width and height, in pixels."""
    exact = np.asarray(boxes, np.float64) * SIDE
    return np.concatenate([exact[..., :2] - exact[..., 2:] / 2, exact[..., 2:]], axis=-1)


def table(image: int, boxes: Array, scores: Array, classes: Array) -> Array:
    """Rows as the library takes them: image, four numbers of the box, score, class."""
    return np.column_stack([np.full(len(boxes), image), boxes, scores, classes])


def precisions(true: Array, found: Array, images: int) -> Array:
    """[overlaps, recalls, classes], -1 for classes that do not occur."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        wanted = data_set(COCO(), true, images)
        # Classes that are only found have nothing to be measured by; COCO leaves them out, too.
        known = found[np.isin(found[:, 6], true[:, 6])]
        evaluation = COCOeval(wanted, data_set(COCO(), known, images, like=wanted), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
    # Boxes of all sizes, 100 detections an image.
    return np.asarray(evaluation.eval["precision"][:, :, :, 0, -1])


def data_set(coco: Any, rows: Array, images: int, like: Any = None) -> Any:
    """The library's own form of boxes. `like` is the one with the truth, which has all classes."""
    names = like.dataset["categories"] if like else [{"id": int(one)} for one in np.unique(rows[:, 6])]
    coco.dataset = {
        "images": [{"id": number} for number in range(images)],
        "categories": names,
        "annotations": [
            {
                "id": number,
                "image_id": int(row[0]),
                "category_id": int(row[6]),
                "bbox": row[1:5].tolist(),
                "area": float(row[3] * row[4]),
                "score": float(row[5]),
                "iscrowd": 0,
            }
            for number, row in enumerate(rows, start=1)
        ],
    }
    coco.createIndex()
    return coco


def mean(precision: Array) -> float:
    """The mean over what occurs."""
    return float(precision[precision > -1].mean())
