"""Labels of held-out rows as places of classes, which is how models answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aimass_toolkit.stage.document import Paths
from aimass_toolkit.stage.json_file import read_json
from aimass_toolkit.stage.report import StageError

from .held_out import Array
from .native.answers import CLASSIFICATION
from .native.detections import DETECTION


def class_names(paths: Paths, classes: Sequence[Any]) -> list[Any]:
    """The classes in the order of the model: its own, else those of config.json; empty when nobody says."""
    if len(classes):
        return list(classes)
    return names_of(paths.output) or names_of(paths.converted)


def names_of(folder: Path) -> list[Any]:
    """The classes that config.json names."""
    names = read_json(folder / "config.json").get("id2label")
    if not isinstance(names, dict):
        return []
    return [names.get(str(place), str(place)) for place in range(len(names))]


def encoded(labels: Array, names: Sequence[Any], task: str, dataset: str) -> Array:
    """The labels as places; numbers that are no class of their own are places already."""
    if task not in CLASSIFICATION | DETECTION:
        return labels
    if task in DETECTION:
        return encoded_boxes(labels, names, dataset)
    places = {str(plain(name)): place for place, name in enumerate(names)}
    texts = [str(plain(label)) for label in labels.reshape(-1).tolist()]
    if all(text in places for text in texts):
        return np.array([places[text] for text in texts], dtype=np.int64)
    if labels.dtype.kind in "iu" or (labels.dtype.kind == "f" and np.equal(labels, np.round(labels)).all()):
        return labels.reshape(-1).astype(np.int64)
    unknown = next(text for text in texts if text not in places)
    known = ", ".join(list(places)[:20]) or "none that it tells; write id2label in config.json"
    raise StageError(
        "DataInvalid",
        f'The data set "{dataset}" has the label "{unknown[:40]}"; the classes of the model are {known}. Correct the '
        "label, or leave its rows out.",
    )


def plain(value: Any) -> Any:
    """A number without fraction as a whole one: 1.0 and 1 are one class."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def encoded_boxes(labels: Array, names: Sequence[Any], dataset: str) -> Array:
    """Labels of boxes [images, most] as places; -1, or the empty text, where an image has no more boxes."""
    if labels.dtype.kind in "iuf":
        return encoded(labels, [], "image-classification", dataset).reshape(labels.shape)
    flat = labels.reshape(-1)
    chosen = encoded(flat[flat != ""], names, "image-classification", dataset)
    places = np.full(len(flat), -1, np.int64)
    places[flat != ""] = chosen
    return places.reshape(labels.shape)
