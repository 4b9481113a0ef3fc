"""Rows that a model has not seen, with their truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

#: Rows of a batch: as many as fit in so many bytes of input, within these bounds.
BATCH_BYTES = 4 * 1024 * 1024
MOST_ROWS = 512


@dataclass(frozen=True)
class HeldOut:
    """``inputs`` of the model by name, ``others`` for the second side of pairs; ``truth``: `labels`, `groups`, `boxes`.

    ``model_type`` is that of config.json, which tells how the outputs of detectors are meant.
    """

    dataset: str
    inputs: Mapping[str, Array]
    truth: Mapping[str, Array] = field(default_factory=dict)
    others: Mapping[str, Array] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    model_type: str = ""

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(next(iter(self.inputs.values()), ()))

    def take(self, chosen: slice | Array) -> HeldOut:
        """Some of the rows."""
        inputs, truth, others = (
            {name: values[chosen] for name, values in part.items()} for part in (self.inputs, self.truth, self.others)
        )
        return replace(self, inputs=inputs, truth=truth, others=others)

    def batches(self, size: int | None = None) -> Iterator[HeldOut]:
        """All rows in batches; their size is chosen by that of a row unless it is given."""
        row_bytes = sum(max(np.asarray(one[:1]).nbytes, 8) for one in self.inputs.values())
        rows = size or max(1, min(MOST_ROWS, BATCH_BYTES // max(row_bytes, 1)))
        for start in range(0, self.rows, rows):
            yield self.take(slice(start, start + rows))
