"""Data types of Open Inference V2 and what they are in numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .errors import InvalidRequest

Array = npt.NDArray[np.generic]

#: Data types whose elements have a fixed size, as little-endian numpy types.
NUMPY_TYPES: dict[str, np.dtype[np.generic]] = {
    "BOOL": np.dtype("?"),
    "UINT8": np.dtype("u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
#: All data types. BYTES is an object array of bytes; BF16 is carried as float32 here, exactly.
DATATYPES = (*NUMPY_TYPES, "BYTES", "BF16")

_BY_DTYPE = {dtype: name for name, dtype in NUMPY_TYPES.items()}


def numpy_type(datatype: str) -> np.dtype[np.generic]:
    """Give the numpy type that holds a V2 data type in memory."""
    if datatype == "BYTES":
        return np.dtype(object)
    if datatype == "BF16":
        return np.dtype("<f4")
    known = NUMPY_TYPES.get(datatype)
    if known is None:
        raise InvalidRequest(f"{datatype!r} is no data type of Open Inference V2; they are {', '.join(DATATYPES)}")
    return known


def datatype_of(array: Array, name: str) -> str:
    """Give the V2 data type of an array; raises InvalidRequest when there is none."""
    if array.dtype.kind in "OSU":
        return "BYTES"
    known = _BY_DTYPE.get(array.dtype.newbyteorder("<"))
    if known is None:
        raise InvalidRequest(
            f"input {name!r} has the numpy type {array.dtype}, which no V2 data type holds; convert it"
        )
    return known


def bfloat16_bits(values: Array) -> npt.NDArray[np.uint16]:
    """Round float32 values to bfloat16, to nearest even; NaN stays NaN."""
    exact = np.ascontiguousarray(values, dtype="<f4")
    bits = exact.view("<u4").astype(np.uint64)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    quiet = (bits >> 16) | 0x40
    return np.where(np.isnan(exact), quiet, rounded).astype("<u2")


def from_bfloat16_bits(bits: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
    """Widen bfloat16 to float32; exact."""
    return (bits.astype("<u4") << 16).view("<f4")
