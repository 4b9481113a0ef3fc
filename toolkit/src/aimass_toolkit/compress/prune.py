"""Magnitude pruning: the smallest weights of the whole model become zero."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper

from .weights import hoist_constants, need_weights


def pruned(model: onnx.ModelProto, share: float) -> onnx.ModelProto:
    """The model without this share of its weights. They are compared over all layers; biases stay."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    tensors = need_weights(hoist_constants(copy), "that could be set to zero")
    values = [numpy_helper.to_array(tensor) for tensor in tensors]
    sizes = np.abs(np.concatenate([value.reshape(-1).astype(np.float32) for value in values]))
    count = int(share * sizes.size)
    if count:
        limit = np.partition(sizes, count - 1)[count - 1]
        for tensor, value in zip(tensors, values, strict=True):
            kept = np.where(np.abs(value.astype(np.float32)) <= limit, np.zeros((), value.dtype), value)
            tensor.CopyFrom(numpy_helper.from_array(kept, tensor.name))
    return copy
