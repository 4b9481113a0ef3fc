"""Make what users give into the tensors that a model takes, or say what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .datatypes import Array, numpy_type
from .errors import InvalidRequest
from .metadata import ModelInfo
from .tensors import Tensor, TensorSpec, to_array


def fit_array(data: Any, info: ModelInfo) -> list[Tensor]:
    """Fit one array to the only input of a model."""
    if len(info.inputs) != 1:
        names = ", ".join(str(spec) for spec in info.inputs)
        raise InvalidRequest(f"{info.name} takes {len(info.inputs)} inputs ({names}); give a dict of arrays by name")
    return [fit_tensor(data, info.inputs[0])]


def fit_mapping(data: Mapping[str, Any], info: ModelInfo) -> list[Tensor]:
    """Fit arrays to inputs by name. Leaving one out is the server's to judge: it may be optional."""
    specs = {spec.name: spec for spec in info.inputs}
    unknown = [name for name in data if name not in specs]
    if unknown:
        raise InvalidRequest(f"{info.name} has no input {unknown[0]!r}; it takes {', '.join(map(str, info.inputs))}")
    return [fit_tensor(value, specs[name]) for name, value in data.items()]


def fit_tensor(data: Any, spec: TensorSpec) -> Tensor:
    """Fit one array: the type is converted where no value changes its meaning, a missing batch dimension is added."""
    try:
        array = to_array(data)
    except ValueError as error:
        raise InvalidRequest(f"input {spec} got rows of different lengths; make them equal") from error
    return Tensor(spec.name, _fit_shape(_fit_type(array, spec), spec), spec.datatype)


def _fit_shape(array: Array, spec: TensorSpec) -> Array:
    if array.ndim == len(spec.shape) - 1 and spec.shape[0] in (-1, 1):
        array = array[np.newaxis]
    matches = array.ndim == len(spec.shape) and all(
        want in (-1, got) for want, got in zip(spec.shape, array.shape, strict=True)
    )
    if not matches:
        raise InvalidRequest(
            f"input {spec} got an array of shape {list(array.shape)}; reshape it (-1 stands for any size)"
        )
    return array


def _fit_type(array: Array, spec: TensorSpec) -> Array:
    if spec.datatype == "BYTES":
        return array
    wanted = numpy_type(spec.datatype)
    if array.dtype == wanted:
        return array
    if array.dtype.kind not in "buif":
        raise InvalidRequest(f"input {spec} got {_kind_of(array)}; give numbers")
    if wanted.kind == "f":
        return _to_float(array, wanted, spec)
    if wanted.kind == "b":
        if array.dtype.kind == "f" or not np.isin(array, (0, 1)).all():
            raise InvalidRequest(f"input {spec} got {array.dtype} values; give booleans, or 0 and 1")
        return array.astype(wanted)
    return _to_integer(array, wanted, spec)


def _to_float(array: Array, wanted: np.dtype[Any], spec: TensorSpec) -> Array:
    with np.errstate(over="ignore"):
        converted = array.astype(wanted)
    if array.dtype.kind == "f" and not np.array_equal(np.isfinite(array), np.isfinite(converted)):
        raise InvalidRequest(f"input {spec} got a value that is too large for {spec.datatype}")
    return converted


def _to_integer(array: Array, wanted: np.dtype[Any], spec: TensorSpec) -> Array:
    if array.dtype.kind == "f":
        raise InvalidRequest(
            f"input {spec} got {array.dtype} values; round and convert them yourself: x.astype('{wanted.name}')"
        )
    limits = np.iinfo(wanted)
    if array.size and (int(array.min()) < limits.min or int(array.max()) > limits.max):
        raise InvalidRequest(f"input {spec} got a value outside {limits.min} to {limits.max}")
    return array.astype(wanted)


def _kind_of(array: Array) -> str:
    is_text = array.dtype.kind in "SU" or (
        array.dtype == object and any(isinstance(x, (str, bytes)) for x in array.flat)
    )
    return "text" if is_text else f"the numpy type {array.dtype}"
