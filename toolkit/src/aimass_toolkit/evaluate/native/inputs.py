"""Arrays to what a model takes: a table, or tensors by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimass_toolkit.stage.report import StageError

from .predictor import Array, Arrays

if TYPE_CHECKING:
    import pandas as pd


def matrix(arrays: Arrays, columns: tuple[str, ...] = (), width: int | None = None) -> Array:
    """One array of two dimensions: the columns of these names, the one array that was given, or all side by side."""
    if columns and all(name in arrays for name in columns):
        chosen = [arrays[name] for name in columns]
    else:
        chosen = list(arrays.values())
    flat = [np.asarray(one).reshape(len(one), -1) for one in chosen]
    joined = flat[0] if len(flat) == 1 else np.concatenate(flat, axis=1)
    wanted = len(columns) or width
    if wanted and joined.shape[1] != wanted:
        raise StageError(
            "OutputInvalid",
            f"The model takes {wanted} columns{listed(columns)}, and the data has {joined.shape[1]}"
            f"{listed(tuple(arrays))}; train it on the columns that it is measured on.",
        )
    return joined


def frame(arrays: Arrays, columns: tuple[str, ...]) -> pd.DataFrame:
    """A table with these columns; those that have a name in the arrays keep their own types."""
    import pandas as pd

    if all(name in arrays for name in columns):
        return pd.DataFrame({name: np.asarray(arrays[name]).reshape(-1) for name in columns})
    return pd.DataFrame(matrix(arrays, columns), columns=list(columns))


def tensors(arrays: Arrays, names: tuple[str, ...]) -> dict[str, Array]:
    """The arrays of these inputs. A model of one input takes the only array, or the columns of a table side by side."""
    if all(name in arrays for name in names):
        return {name: plain(arrays[name]) for name in names}
    if len(names) == 1 and len(arrays) == 1:
        return {names[0]: plain(next(iter(arrays.values())))}
    if len(names) == 1 and all(np.asarray(one).reshape(len(one), -1).shape[1] == 1 for one in arrays.values()):
        return {names[0]: plain(matrix(arrays))}
    raise StageError(
        "OutputInvalid",
        f"The model takes the inputs {', '.join(names)}, and the data has {', '.join(arrays)}; "
        "name the arrays of the data as the inputs of the model.",
    )


def plain(values: Any) -> Array:
    """Numbers as models take them: 32-bit floats, 64-bit integers; the rest as it is."""
    array = np.asarray(values)
    if array.dtype == np.float64:
        return array.astype(np.float32)
    return array.astype(np.int64) if array.dtype.kind in "iu" and array.dtype != np.uint8 else array


def listed(names: tuple[str, ...]) -> str:
    """Some names in brackets, or nothing."""
    if not names:
        return ""
    return f" ({', '.join(names[:8])}{', …' if len(names) > 8 else ''})"
