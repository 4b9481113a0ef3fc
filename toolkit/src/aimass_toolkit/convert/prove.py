"""The trained and the converted model answer the same rows, side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aimass_toolkit.evaluate.native import Answers, Predictor
from aimass_toolkit.evaluate.native.onnx_file import OnnxPredictor
from aimass_toolkit.stage.report import StageError
from aimass_toolkit.stage.session import Session

from .rows import Arrays, Rows

# Float32 in another order of operations; of values above 1, relative.
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Proof:
    """How far the answers are apart."""

    largest: float
    rows: int


def prove(source: Predictor, session: Session, rows: Rows, task: str) -> Proof:
    """Compares all rows, and those with a missing value; refuses a difference that matters."""
    served = OnnxPredictor(session, task)
    largest = compare(source.predict(rows.native), answers(served, rows.served), rows.origin)
    if rows.missing is not None:
        native, given = rows.missing
        largest = max(largest, compare(source.predict(native), answers(served, given), "rows with missing values"))
    return Proof(largest, rows.count + (len(next(iter(rows.missing[0].values()))) if rows.missing else 0))


def answers(served: OnnxPredictor, rows: Arrays) -> Answers:
    """The answers of the converted model, in one batch, and one by one where the batch is fixed."""
    first = next(iter(served.session.shapes.values()))[0]
    if not isinstance(first, int):
        return served.predict(rows)
    count = len(next(iter(rows.values())))
    parts = [
        served.predict({name: values[at : at + first] for name, values in rows.items()})
        for at in range(0, count, first)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def compare(native: Answers, converted: Answers, origin: str) -> float:
    """The largest difference of floats. Classes have to be the same, unless two are equally likely."""
    pairs = paired(native, converted)
    largest, worst = 0.0, ""
    for name, wanted, got in pairs:
        difference = float_difference(wanted, got, name)
        if not difference <= largest:
            largest, worst = difference, name
    if not largest <= TOLERANCE:
        raise StageError(
            "ConversionMismatch",
            f"The converted model differs from the trained one by {largest:.3g} in {worst} on {origin} (at most "
            f"{TOLERANCE:g}). Set spec.publish.convert to none, or train another kind of model.",
        )
    labels_equal(native, converted, origin)
    return largest


def paired(native: Answers, converted: Answers) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Floats by name, and where names differ by place."""
    mine, others = floats(native), floats(converted)
    if set(mine) & set(others):
        return [(name, mine[name], others[name]) for name in mine if name in others]
    return [(name, mine[name], other) for name, other in zip(mine, others.values(), strict=False)]


def floats(values: Answers) -> dict[str, np.ndarray]:
    """The answers that are numbers with a fraction."""
    return {name: np.asarray(value) for name, value in values.items() if np.asarray(value).dtype.kind == "f"}


def float_difference(wanted: np.ndarray, got: np.ndarray, name: str) -> float:
    """The largest difference, relative to values above 1."""
    if wanted.size != got.size:
        raise StageError(
            "ConversionMismatch",
            f"The converted model gives {list(got.shape)} values of {name}, the trained one {list(wanted.shape)}. Set "
            "spec.publish.convert to none, or train another kind of model.",
        )
    mine, other = wanted.astype(np.float64).reshape(-1), got.astype(np.float64).reshape(-1)
    difference = np.abs(mine - other) / np.maximum(1.0, np.abs(mine))
    return float(difference.max()) if difference.size else 0.0


def labels_equal(native: Answers, converted: Answers, origin: str) -> None:
    """Refuses classes that differ where one is clearly more likely."""
    if "label" not in native or "label" not in converted:
        return
    wanted, got = np.asarray(native["label"]).reshape(-1), np.asarray(converted["label"]).reshape(-1)
    wrong = wanted != got.astype(wanted.dtype) if wanted.dtype.kind != got.dtype.kind else wanted != got
    if "probabilities" in native:
        best = np.sort(np.asarray(native["probabilities"]), axis=1)
        wrong &= best[:, -1] - best[:, -2] > 2 * TOLERANCE
    if wrong.any():
        raise StageError(
            "ConversionMismatch",
            f"The converted model names another class than the trained one in {int(wrong.sum())} of {len(wrong)} "
            f"{origin}. Set spec.publish.convert to none, or train another kind of model.",
        )
