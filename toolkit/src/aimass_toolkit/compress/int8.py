"""Weights of 8 bits, with the quantisation of onnxruntime."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from .weights import NotPossible, hoist_constants, need_weights

Array = npt.NDArray[Any]
PURPOSE = "that could have 8 bits"


class Rows(CalibrationDataReader):  # type: ignore[misc]
    """Rows to find the ranges of activations with, batch by batch."""

    def __init__(self, inputs: Mapping[str, Array], size: int) -> None:
        count = len(next(iter(inputs.values())))
        starts = range(0, count - count % size if count >= size else count, size)
        self.batches: Iterator[dict[str, Array]] = iter(
            [{name: values[start : start + size] for name, values in inputs.items()} for start in starts]
        )

    def get_next(self) -> dict[str, Array] | None:
        """The next batch, or None."""
        return next(self.batches, None)


def dynamic(model: onnx.ModelProto) -> onnx.ModelProto:
    """8-bit weights; the ranges of activations are found while serving.

    Weights are unsigned: signed ones overflow on processors without VNNI, and answers would depend on the machine.
    """
    need_weights(hoist_constants(copy_of(model)), PURPOSE)
    with tempfile.TemporaryDirectory() as folder:
        source, target = prepared(model, Path(folder)), Path(folder) / "int8.onnx"
        quantize_dynamic(source, target, per_channel=False, weight_type=QuantType.QUInt8)
        return checked(onnx.load(target))


def static(model: onnx.ModelProto, inputs: Mapping[str, Array], size: int) -> onnx.ModelProto:
    """8-bit weights and activations; the ranges are those of these rows.

    Weights have 7 bits of the 8 (reduce_range), for the same reason as above, and a scale for each channel.
    """
    need_weights(hoist_constants(copy_of(model)), PURPOSE)
    with tempfile.TemporaryDirectory() as folder:
        source, target = prepared(model, Path(folder)), Path(folder) / "int8.onnx"
        quantize_static(
            source,
            target,
            Rows(inputs, size),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gemm", "Conv"],
        )
        return checked(onnx.load(target))


def copy_of(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model to change."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return copy


def prepared(model: onnx.ModelProto, folder: Path) -> Path:
    """The model with the shapes of what is inside, and folded constants, as far as that is possible."""
    source, target = folder / "source.onnx", folder / "prepared.onnx"
    onnx.save(hoist_constants(copy_of(model)), source)
    logging.getLogger("onnxruntime.quantization").setLevel(logging.ERROR)
    for without_symbols in (False, True):
        try:
            quant_pre_process(source, target, skip_symbolic_shape=without_symbols)
            onnx.save(with_flat_biases(onnx.load(target)), target)
            return target
        except Exception:
            # Symbolic shapes are not known for all operators (ai.onnx.ml); the plain inference follows.
            continue
    return source


def with_flat_biases(model: onnx.ModelProto) -> onnx.ModelProto:
    """Biases [1, n] of Gemm as [n]: the quantisation by channels takes no other."""
    biases = {node.input[2] for node in model.graph.node if node.op_type == "Gemm" and len(node.input) > 2}
    for one in model.graph.initializer:
        if one.name in biases and len(one.dims) == 2 and one.dims[0] == 1:
            del one.dims[0]
    return model


def checked(model: onnx.ModelProto) -> onnx.ModelProto:
    """The quantised model; refuses one in which nothing has become smaller."""
    kinds = (onnx.TensorProto.INT8, onnx.TensorProto.UINT8)
    if not any(one.data_type in kinds and np.prod(one.dims) > 1 for one in model.graph.initializer):
        raise NotPossible("the quantisation of onnxruntime left all its weights as they are")
    # Shapes of what is inside were only needed to quantise.
    del model.graph.value_info[:]
    return model
