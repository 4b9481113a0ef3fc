"""Running models that were made elsewhere, over many rows."""

from collections.abc import Callable

import numpy as np
from onnx import ModelProto

from aimass_toolkit.stage.session import Session

from ..problem import refuse

ROWS = 64
Batch = Callable[[np.ndarray], dict[str, np.ndarray]]


def open_session(model: ModelProto, what: str) -> Session:
    """A session on one model; `what` names it in the message when it cannot be loaded."""
    try:
        return Session(model.SerializeToString())
    except Exception as error:
        refuse(
            "RecipeInvalid",
            f"{what} cannot be loaded ({str(error).strip().splitlines()[0][:200]}); name a Model that is Ready.",
        )


def run_all(session: Session, rows: int, batch: Batch, output: str) -> np.ndarray:
    """One output for many rows. `batch` gives the inputs of some row numbers."""
    size = next(iter(session.shapes.values()))[0]
    step = size if isinstance(size, int) else ROWS
    if step not in (1, ROWS):
        refuse("RecipeInvalid", f"the model takes batches of {step} rows only; export it with a dynamic batch.")
    starts = range(0, rows, step)
    found = [session.run(batch(np.arange(start, min(start + step, rows))))[output] for start in starts]
    return np.concatenate(found).astype(np.float32)
