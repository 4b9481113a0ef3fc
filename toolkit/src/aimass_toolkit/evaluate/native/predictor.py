"""What all loaded models have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
#: Arrays by the name of the input, or by that of a column of a table; the first dimension is the row.
Arrays = Mapping[str, Array]
#: `label` (places of the classes), `probabilities`, `logits`, `prediction`, `scores`, `embeddings`; others by name.
Answers = dict[str, Array]


class Predictor(ABC):
    """A loaded model.

    ``inputs`` are the names of its tensors; empty for models of one table, whose ``columns`` are known when the
    training told them, and ``width`` is their number. ``classes`` are the labels in the order of `probabilities`,
    where the format keeps them. ``batch`` is the number of rows when it takes no other.
    """

    kind: ClassVar[str]
    inputs: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    width: int | None = None
    classes: tuple[Any, ...] = ()
    batch: int | None = None

    def __init__(self, task: str) -> None:
        self.task = task

    @abstractmethod
    def predict(self, arrays: Arrays) -> Answers:
        """The answers for some rows."""


def places(labels: Array, classes: tuple[Any, ...]) -> Array:
    """Classes as their places: what `label` holds."""
    order = {value: place for place, value in enumerate(classes)}
    return np.array([order[value] for value in labels.tolist()], dtype=np.int64)
