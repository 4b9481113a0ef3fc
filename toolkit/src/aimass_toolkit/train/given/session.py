"""Running models that were made elsewhere, over many rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from onnx import ModelProto

from aimass_toolkit.stage.report import StageError
from aimass_toolkit.stage.session import Session

ROWS = 64
Batch = Callable[[np.ndarray], dict[str, np.ndarray]]


def open_session(model: ModelProto, what: str) -> Session:
    """A session on one model; `what` names it in the message when it cannot be loaded."""
    try:
        return Session(model.SerializeToString())
    except Exception as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise StageError("RecipeInvalid", f"{what} cannot be loaded ({reason}); name a Model that is Ready.") from error


def run_all(session: Session, rows: int, batch: Batch, output: str) -> np.ndarray:
    """One output [rows, ...] as FP32. `batch` gives the inputs of some row numbers.

    A graph that takes a fixed number of rows gets its last row as often as that needs.
    """
    size = rows_at_once(session)
    found = []
    for start in range(0, rows, size or ROWS):
        numbers = np.arange(start, start + (size or min(ROWS, rows - start)))
        found.append(session.run(batch(np.minimum(numbers, rows - 1)))[output])
    return np.concatenate(found)[:rows].astype(np.float32)


def rows_at_once(session: Session) -> int | None:
    """How many rows the graph takes at a time; None for any number."""
    size = next((shape[0] for shape in session.shapes.values() if shape), None)
    return size if isinstance(size, int) and size > 0 else None
