"""Weights and arithmetic of 16 bits; inputs and outputs stay as they are."""

from __future__ import annotations

import warnings

import numpy as np
import onnx
from onnx import TensorProto

from .weights import NotPossible, hoist_constants, operators

#: With less of its bytes in weights, halving them is no gain.
LEAST_SHARE = 0.05


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model in 16 bits, except operators that only know 32."""
    from onnxconverter_common import float16

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    hoist_constants(copy)
    wide = sum(int(np.prod(one.dims)) * 4 for one in copy.graph.initializer if one.data_type == TensorProto.FLOAT)
    if wide < LEAST_SHARE * model.ByteSize():
        raise NotPossible(f"only {wide} bytes of it are numbers that could have 16 bits: {operators(model)}")
    casts = named_casts(copy)
    with warnings.catch_warnings():
        # Values too small or too large for 16 bits are cut off; what that costs is measured.
        warnings.simplefilter("ignore")
        result: onnx.ModelProto = float16.convert_float_to_float16(copy, keep_io_types=True)
    narrow(result, casts)
    return result


def named_casts(model: onnx.ModelProto) -> set[str]:
    """Gives casts to 32 bits names of their own, to find them again.

    Those of what has 32 bits already do nothing, and the converter would take them for its own.
    """
    kinds = {one.name: one.type.tensor_type.elem_type for one in values_of(model)}
    names = set()
    for place, node in enumerate(model.graph.node):
        if node.op_type != "Cast" or node.attribute[0].i != TensorProto.FLOAT:
            continue
        if kinds.get(node.input[0]) == TensorProto.FLOAT:
            node.op_type = "Identity"
            del node.attribute[:]
        else:
            node.name = f"cast/{place}"
            names.add(node.name)
    return names


def values_of(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    """All values whose types are known."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    return [*graph.input, *graph.value_info]


def narrow(model: onnx.ModelProto, casts: set[str]) -> None:
    """What they give has 16 bits, as everything inside; the converter leaves them as they are."""
    for node in model.graph.node:
        if node.name in casts:
            node.attribute[0].i = TensorProto.FLOAT16
