"""What a user gave to ``predict``: images, texts, tables or tensors, told apart without importing optional packages."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .errors import InvalidRequest
from .metadata import ModelInfo


@dataclass(frozen=True)
class Tensors:
    """An array, or arrays by name, for V2 inference."""

    data: Any


@dataclass(frozen=True)
class File:
    """The bytes of an image (or another file) for a task endpoint."""

    content: bytes


@dataclass(frozen=True)
class Texts:
    """A text, or a list of texts, for a task endpoint."""

    inputs: str | list[str]


@dataclass(frozen=True)
class Columns:
    """Columns of a table; ``index`` is the index of the DataFrame it came from."""

    columns: dict[str, list[Any]]
    index: Any = None


@dataclass(frozen=True)
class Several:
    """Items that are asked for one at a time, and answered as a list."""

    items: list[File]


Payload = Tensors | File | Texts | Columns | Several
_IMAGE_TASKS = ("image-classification", "object-detection", "image-feature-extraction")
_TEXT_TASKS = (
    "text-classification",
    "token-classification",
    "feature-extraction",
    "sentence-similarity",
    "text-ranking",
    "zero-shot-classification",
)


def read_payload(data: Any, info: ModelInfo) -> Payload:
    """Tell what was given; files are read here. Raises InvalidRequest for what no model takes."""
    if is_instance_of(data, "pandas", "DataFrame"):
        return _read_frame(data, info)
    if isinstance(data, Mapping):
        return _read_mapping(data, info)
    if isinstance(data, (list, tuple)) and data and all(_is_file_like(item, info) for item in data):
        return Several([_read_file(item, info) for item in data])
    if _is_file_like(data, info):
        return _read_file(data, info)
    if data is None:
        raise InvalidRequest("there is no input: give an array, a dict, a table, an image or a text")
    return _read_text_or_array(data, info)


def _read_text_or_array(data: Any, info: ModelInfo) -> Payload:
    if isinstance(data, str):
        return Texts(data)
    if isinstance(data, (list, tuple)) and data and all(isinstance(item, str) for item in data):
        return Tensors(list(data)) if info.task in (None, "custom") else Texts(list(data))
    return Tensors(data)


def is_instance_of(value: Any, module: str, name: str) -> bool:
    """Whether a value is of a class of an optional package, without importing that package."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(value, getattr(loaded, name))


def _is_file_like(value: Any, info: ModelInfo) -> bool:
    # A text is a path only for a model of images; for all others it is a text.
    if isinstance(value, str):
        return info.task in _IMAGE_TASKS
    return isinstance(value, (Path, bytes, bytearray)) or is_instance_of(value, "PIL.Image", "Image")


def _read_file(value: Any, info: ModelInfo) -> File:
    if isinstance(value, (bytes, bytearray)):
        content = bytes(value)
    elif isinstance(value, (str, Path)):
        content = read_file(value)
    else:
        content = _encode_image(value)
    if not content:
        raise InvalidRequest("the image is empty (0 bytes)", model=info.name)
    if info.task in _TEXT_TASKS:
        raise InvalidRequest(f"{info.name} is a model for {info.task}: give it a text, not a file", model=info.name)
    return File(content)


def read_file(path: str | Path) -> bytes:
    """Read a file; raises InvalidRequest that names it when that fails."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InvalidRequest(f"cannot read {str(path)!r}: {error.strerror or error}") from error


def _encode_image(image: Any) -> bytes:
    # PNG keeps every pixel; modes that it does not have become RGB.
    out = io.BytesIO()
    (image if image.mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16") else image.convert("RGB")).save(out, "PNG")
    return out.getvalue()


def _read_frame(frame: Any, info: ModelInfo) -> Payload:
    names = [str(name) for name in frame.columns]
    if len(set(names)) != len(names):
        raise InvalidRequest("the table has two columns of one name; rename one", model=info.name)
    if not len(frame):
        raise InvalidRequest("the table has no rows", model=info.name)
    columns = {name: _plain_values(frame.iloc[:, place]) for place, name in enumerate(names)}
    return Columns(columns, frame.index)


def _plain_values(series: Any) -> list[Any]:
    # What is missing becomes None; the server says what it makes of that.
    return [None if missing else value for value, missing in zip(series.tolist(), series.isna().tolist(), strict=True)]


def _read_mapping(data: Mapping[str, Any], info: ModelInfo) -> Payload:
    if not data:
        raise InvalidRequest("the dict is empty: give arrays by input name, or columns", model=info.name)
    inputs = {spec.name for spec in info.inputs}
    is_tabular = info.task.startswith("tabular-") if info.task else not inputs.intersection(data)
    if is_tabular and not inputs.issuperset(data):
        return Columns(check_columns(data, info))
    return Tensors(data)


def check_columns(data: Mapping[str, Sequence[Any]], info: ModelInfo) -> dict[str, list[Any]]:
    """Check that columns are lists of one length."""
    columns = {str(name): _as_list(name, values) for name, values in data.items()}
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1:
        raise InvalidRequest("the columns have different lengths; give one value a row in each", model=info.name)
    if lengths == {0}:
        raise InvalidRequest("the table has no rows", model=info.name)
    return columns


def _as_list(name: Any, values: Any) -> list[Any]:
    if isinstance(values, str) or not isinstance(values, (Sequence, np.ndarray)):
        raise InvalidRequest(f"column {name!r} is a {type(values).__name__}; give a list of values, one a row")
    return values.tolist() if isinstance(values, np.ndarray) else list(values)
