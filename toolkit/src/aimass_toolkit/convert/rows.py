"""The rows that the native and the converted model are compared on, and that golden examples are made of."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from aimass_toolkit.evaluate.native.inputs import tensors
from aimass_toolkit.stage.document import Document
from aimass_toolkit.stage.prepared import FEATURES, Prepared, raw_tensors, read_prepared
from aimass_toolkit.stage.report import StageError
from aimass_toolkit.stage.session import Session

MOST_ROWS = 1000
MADE_UP_ROWS = 64

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Rows:
    """`native` is what the trained model takes, `served` what the published one will; the same rows in the same order.

    `missing` are a few rows with a value taken out, where the preparation fills it in: as the trained model gets them,
    and as they are served.
    """

    native: Arrays
    served: Arrays
    origin: str
    prepared: Prepared | None = None
    missing: tuple[Arrays, Arrays] | None = None

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(next(iter(self.native.values())))


def prepared_rows(prepared: Prepared) -> Rows:
    """Held-out rows, raw and prepared."""
    part = prepared.held_out()
    features = {FEATURES: prepared.part(part)[0][:MOST_ROWS]}
    served = {name: values[:MOST_ROWS] for name, values in prepared.raw_inputs(part).items()}
    return Rows(features, served, f"held-out rows ({part})", prepared, with_holes(prepared, part))


def with_holes(prepared: Prepared, part: str) -> tuple[Arrays, Arrays]:
    """The first rows, a value of another column taken out of each, and what the preparation makes of them."""
    columns = prepared.schema["rawColumns"]
    frame = prepared.raw(part).head(16).reset_index(drop=True)
    for row in range(len(frame)):
        column = columns[row % len(columns)]
        frame.loc[row, column["name"]] = np.nan if column["type"] == "numeric" else ""
    served = raw_tensors(frame, columns)
    return {FEATURES: Session(prepared.preprocessor).run(served)["prepared"]}, served


def example_rows(document: Document) -> Rows | None:
    """The rows of examples.npz, which the program wrote: arrays by the name of the input."""
    file = document.paths.output / "examples.npz"
    if not file.exists():
        return None
    try:
        with np.load(file, allow_pickle=False) as content:
            arrays = {name: content[name][:MOST_ROWS] for name in content.files}
    except (ValueError, OSError, EOFError) as error:
        raise StageError(
            "OutputInvalid",
            f"examples.npz cannot be read ({' '.join(str(error).split())[:120]}); write it with numpy.savez.",
        ) from error
    lengths = {len(values) if values.ndim else 0 for values in arrays.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise StageError(
            "OutputInvalid", "The arrays of examples.npz need one row or more, and the same number of them."
        )
    return Rows(arrays, arrays, "rows of examples.npz")


def as_served(rows: Rows, session: Session) -> Rows:
    """The same rows with the names and ranks of the converted model's inputs."""
    served = {}
    for name, values in tensors(rows.served, tuple(session.inputs)).items():
        is_column = values.ndim == 1 and len(session.shapes[name]) == 2
        served[name] = values.reshape(-1, 1) if is_column else values
    return replace(rows, served=served)


def made_up_rows(shapes: dict[str, tuple[list[int | str | None], type]], seed: int) -> Rows:
    """Rows by chance, when there are none: enough to compare two models, not to tell how good they are."""
    random = np.random.default_rng(seed)
    arrays: Arrays = {}
    for name, (shape, kind) in shapes.items():
        sizes = [size if isinstance(size, int) and size > 0 else 8 for size in shape]
        sizes[0] = shape[0] if isinstance(shape[0], int) and shape[0] > 0 else MADE_UP_ROWS
        if np.issubdtype(kind, np.floating):
            arrays[name] = random.normal(size=sizes).astype(kind)
        elif kind is np.object_:
            arrays[name] = np.full(sizes, "a", object)
        else:
            arrays[name] = random.integers(0, 2, sizes).astype(kind)
    return Rows(arrays, arrays, "rows made up by chance")


def find_prepared(document: Document, width: int | None) -> Prepared | None:
    """The preparation, when the trained model takes its features."""
    prepared = read_prepared(document.paths.prepared)
    if prepared is None or not prepared.preprocessor.exists():
        return None
    return prepared if width is None or width == len(prepared.schema["featureNames"]) else None
