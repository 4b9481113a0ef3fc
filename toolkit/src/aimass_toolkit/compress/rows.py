"""Rows to prove by, and rows to calibrate with."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aimass_toolkit.evaluate.held_out import Array, HeldOut
from aimass_toolkit.evaluate.native.onnx_file import OnnxPredictor
from aimass_toolkit.evaluate.sources import find_held_out, read_arrays, takes_raw
from aimass_toolkit.metrics import measure_for
from aimass_toolkit.stage.document import Document
from aimass_toolkit.stage.prepared import FEATURES, read_prepared

from .weights import NotPossible

CALIBRATION_ROWS = 256
EXAMPLES = "examples.npz"


def rows_to_prove_by(document: Document, predictor: OnnxPredictor) -> HeldOut | None:
    """Held-out rows with their truth; for tasks that are not measured here, sample rows without; None without any."""
    found = find_held_out(document, predictor, converted=True) if measure_for(document.task) is not None else None
    if found is not None:
        return found
    file = document.paths.output / EXAMPLES
    return HeldOut(EXAMPLES, read_arrays(file, EXAMPLES)) if file.exists() else None


def rows_to_calibrate_with(document: Document, predictor: OnnxPredictor) -> dict[str, Array]:
    """Rows that training knows, since those held back are to judge: of the prepared table, or sample rows."""
    prepared = read_prepared(document.paths.prepared)
    if prepared is not None:
        raw = takes_raw(document, converted=True)
        return as_inputs(predictor, prepared.raw_inputs("train") if raw else {FEATURES: prepared.part("train")[0]})
    file: Path = document.paths.output / EXAMPLES
    if file.exists():
        return as_inputs(predictor, read_arrays(file, EXAMPLES))
    raise NotPossible(
        "static quantisation needs rows to find ranges with, and there are none; let the program write examples.npz "
        "with arrays named as the inputs, or use quantization: dynamic"
    )


def as_inputs(predictor: OnnxPredictor, arrays: dict[str, Array]) -> dict[str, Array]:
    """Some of the rows, as the model takes them."""
    count = len(next(iter(arrays.values())))
    chosen = np.random.default_rng(0).permutation(count)[:CALIBRATION_ROWS]
    return predictor.feed({name: values[chosen] for name, values in arrays.items()})
