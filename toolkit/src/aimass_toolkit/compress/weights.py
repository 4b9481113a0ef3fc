"""The weights of a graph: what can be pruned, and what quantised."""

from __future__ import annotations

from collections import Counter

import onnx
from onnx import TensorProto

#: Operators with weights, and the places of their inputs where weights can be.
WEIGHTED = {"MatMul": (0, 1), "Gemm": (1,), "Conv": (1,)}
FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE)


class NotPossible(Exception):
    """This model cannot be made smaller that way; the text says why."""


def hoist_constants(model: onnx.ModelProto) -> onnx.ModelProto:
    """Constant nodes of the main graph as initialisers, which is where weights are looked for."""
    graph = model.graph
    kept = []
    for node in graph.node:
        value = next((one.t for one in node.attribute if one.name == "value"), None)
        if node.op_type != "Constant" or node.domain or value is None:
            kept.append(node)
            continue
        tensor = TensorProto()
        tensor.CopyFrom(value)
        tensor.name = node.output[0]
        graph.initializer.append(tensor)
    del graph.node[:]
    graph.node.extend(kept)
    return model


def weights(model: onnx.ModelProto) -> list[onnx.TensorProto]:
    """The float initialisers of two dimensions or more that operators multiply with; each once."""
    held = {one.name: one for one in model.graph.initializer if one.data_type in FLOATS and len(one.dims) >= 2}
    names = {
        node.input[place]
        for node in model.graph.node
        for place in WEIGHTED.get(node.op_type, ())
        if place < len(node.input)
    }
    return [tensor for name, tensor in held.items() if name in names]


def need_weights(model: onnx.ModelProto, purpose: str) -> list[onnx.TensorProto]:
    """The weights; a model of other operators has none."""
    found = weights(model)
    if not found:
        raise NotPossible(f"it has no MatMul, Gemm or Conv with weights {purpose}: {operators(model)}")
    return found


def operators(model: onnx.ModelProto) -> str:
    """The operators of a graph as a text, the most frequent ones first."""
    counts = Counter(node.op_type for node in model.graph.node)
    names = [name for name, _ in counts.most_common(6)]
    return f"it is made of {', '.join(names)}"
