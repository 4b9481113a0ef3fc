"""Tensors to bytes and JSON, and back, without losing a bit."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .datatypes import Array, bfloat16_bits, datatype_of, from_bfloat16_bits, numpy_type
from .errors import InvalidRequest, ProtocolError


@dataclass(frozen=True)
class TensorSpec:
    """A tensor that a model takes or gives; -1 in ``shape`` stands for any size."""

    name: str
    datatype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.datatype}[{', '.join(map(str, self.shape))}]"


class Tensor:
    """A named input with an explicit data type.

    Args:
        name: Name of the model's input.
        data: Anything ``numpy.asarray`` takes. For BYTES: str or bytes, in any nesting.
        datatype: V2 data type such as ``"FP16"``; default: that of the numpy type. BF16 takes float32 and rounds.

    Raises:
        InvalidRequest: when the data has no V2 data type, or is not of the one named.
    """

    def __init__(self, name: str, data: npt.ArrayLike, datatype: str | None = None) -> None:
        array = to_array(data)
        self.name = name
        self.datatype = datatype or datatype_of(array, name)
        wanted = numpy_type(self.datatype)
        if self.datatype == "BYTES":
            array = _to_bytes_array(array, name)
        elif array.dtype != wanted:
            if not np.can_cast(array.dtype, wanted, "same_kind"):
                raise InvalidRequest(
                    f"input {name!r} has the numpy type {array.dtype}, not {self.datatype}; convert it"
                )
            array = array.astype(wanted)
        self.array: npt.NDArray[Any] = array

    @property
    def shape(self) -> tuple[int, ...]:
        """Dimensions, row-major."""
        return tuple(self.array.shape)

    @property
    def fits_json(self) -> bool:
        """Whether JSON can carry every value: no NaN, no infinity, no bytes that are not text, no BF16."""
        if self.datatype == "BF16":
            return False
        if self.datatype == "BYTES":
            return all(_is_text(item) for item in self.array.flat)
        return self.array.dtype.kind != "f" or bool(np.isfinite(self.array).all())

    def to_json(self) -> dict[str, Any]:
        """Give this tensor as JSON has it; raises InvalidRequest when JSON cannot carry a value of it."""
        if not self.fits_json:
            raise InvalidRequest(
                f"input {self.name!r} holds a value that JSON cannot carry (NaN, infinity, BF16 or bytes that are not "
                'text); use protocol="binary" or "grpc"'
            )
        flat = self.array.reshape(-1)
        data = [item.decode() for item in flat] if self.datatype == "BYTES" else flat.tolist()
        return {"name": self.name, "shape": list(self.shape), "datatype": self.datatype, "data": data}

    def to_bytes(self) -> bytes:
        """Give the elements little-endian and row-major; BYTES as 4-byte lengths and bytes."""
        if self.datatype == "BYTES":
            return b"".join(struct.pack("<I", len(item)) + item for item in self.array.flat)
        if self.datatype == "BF16":
            return bfloat16_bits(self.array).tobytes()
        return self.array.astype(numpy_type(self.datatype), copy=False).tobytes()


def to_array(data: npt.ArrayLike) -> npt.NDArray[Any]:
    """As ``numpy.asarray``, but texts and bytes keep every byte: numpy's own text types drop NULs at the end."""
    if isinstance(data, np.ndarray):
        return data
    first: Any = data
    while isinstance(first, (list, tuple)) and first:
        first = first[0]
    if isinstance(first, (str, bytes)):
        return np.array(data, dtype=object)
    return np.asarray(data)


def as_tensors(inputs: Mapping[str, npt.ArrayLike] | Sequence[Tensor]) -> list[Tensor]:
    """Turn what ``infer`` takes into a list of tensors."""
    if isinstance(inputs, Mapping):
        return [Tensor(name, data) for name, data in inputs.items()]
    tensors = list(inputs)
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise InvalidRequest(
                f"infer takes a dict of arrays or a list of Tensor, not a list of {type(tensor).__name__}"
            )
    return tensors


def array_from_bytes(data: bytes | memoryview, datatype: str, shape: Sequence[int]) -> Array:
    """Read the elements of an output; raises ProtocolError when there are too few or too many bytes."""
    if datatype == "BYTES":
        return _split_bytes(bytes(data), shape)
    stored = np.dtype("<u2") if datatype == "BF16" else numpy_type(datatype)
    expected = int(np.prod(shape, dtype=np.int64)) * stored.itemsize
    if len(data) != expected:
        raise ProtocolError(f"the answer has {len(data)} bytes for {datatype}{list(shape)}, which needs {expected}")
    array = np.frombuffer(data, dtype=stored)
    if datatype == "BF16":
        array = from_bfloat16_bits(array)
    # A copy of our own: what frombuffer gives is read-only.
    return array.reshape(shape).copy()


def array_from_json(data: Iterable[Any], datatype: str, shape: Sequence[int]) -> Array:
    """Read the elements of an output of a JSON answer; flat or nested lists."""
    if datatype == "BYTES":
        texts = [item.encode() if isinstance(item, str) else item for item in _flatten(data)]
        return _object_array(texts).reshape(shape)
    try:
        # Through Python's own integers: numpy would make floats of a mixture of int64 and uint64.
        return np.array(list(_flatten(data)), dtype=numpy_type(datatype)).reshape(shape)
    except (ValueError, TypeError, OverflowError) as error:
        raise ProtocolError(f"the answer has data that is not {datatype}{list(shape)}: {error}") from error


def _flatten(data: Iterable[Any]) -> Iterable[Any]:
    for item in data:
        if isinstance(item, list):
            yield from _flatten(item)
        else:
            yield item


def _is_text(item: bytes) -> bool:
    try:
        item.decode()
    except UnicodeDecodeError:
        return False
    return True


def _object_array(items: Sequence[Any]) -> npt.NDArray[np.object_]:
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def _to_bytes_array(array: Array, name: str) -> npt.NDArray[np.object_]:
    def encode(item: Any) -> bytes:
        if isinstance(item, bytes):
            return item
        if isinstance(item, str):
            # What predict() gave as text comes back as the same bytes.
            return item.encode("utf-8", "surrogateescape")
        raise InvalidRequest(f"input {name!r} is BYTES and holds a {type(item).__name__}; give str or bytes")

    # tolist() gives Python's str and bytes for numpy's own text types too.
    flat = array.reshape(-1).tolist()
    return _object_array([encode(item) for item in flat]).reshape(array.shape)


def _split_bytes(data: bytes, shape: Sequence[int]) -> npt.NDArray[np.object_]:
    items: list[bytes] = []
    offset = 0
    while offset < len(data):
        if offset + 4 > len(data):
            raise ProtocolError("the answer has a BYTES tensor that is cut short")
        (size,) = struct.unpack_from("<I", data, offset)
        offset += 4
        if offset + size > len(data):
            raise ProtocolError("the answer has a BYTES tensor that is cut short")
        items.append(data[offset : offset + size])
        offset += size
    if len(items) != int(np.prod(shape, dtype=np.int64)):
        raise ProtocolError(f"the answer has {len(items)} elements for BYTES{list(shape)}")
    return _object_array(items).reshape(shape)
