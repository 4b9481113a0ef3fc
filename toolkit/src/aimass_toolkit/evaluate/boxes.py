"""The truth of detectors: boxes and what is in them, of as many places as the fullest image has."""

from __future__ import annotations

from collections.abc import Mapping

from aimass_toolkit.stage.report import StageError

from .held_out import Array

FORM = (
    "boxes [images, most, 4], centre, width and height as shares of the image, and labels [images, most], -1 where none"
)


def check_boxes(file: str, dataset: str, truth: Mapping[str, Array]) -> None:
    """Refuses boxes in another form than that of the model's own answers."""
    boxes, labels = truth.get("boxes"), truth.get("labels")
    if boxes is None or labels is None:
        missing = "boxes" if boxes is None else "labels"
        raise StageError("EvaluationDataMissing", f'{file} of "{dataset}" has no array {missing}; write {FORM}.')
    if boxes.ndim != 3 or boxes.shape[2] != 4 or labels.shape != boxes.shape[:2]:
        raise StageError(
            "DataInvalid",
            f'{file} of "{dataset}" has boxes {list(boxes.shape)} and labels {list(labels.shape)}; write {FORM}.',
        )
    there = boxes[labels >= 0]
    if there.size and not (there.min() >= 0 and there.max() <= 1):
        raise StageError(
            "DataInvalid",
            f'The boxes of {file} of "{dataset}" go from {there.min():g} to {there.max():g}; divide pixels by the '
            "width and height of the image.",
        )
