"""Nodes of ours in a graph of others: its vectors of tokens, or maps of an image, as one vector a row."""

from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from aimass_toolkit.train.given.model import GivenModel

OWN = "aimass/"
FIRST_AXES_AS_INPUT = 13


def add(model: ModelProto, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
    """Adds a node of ours; gives the name of its output."""
    model.graph.node.append(helper.make_node(kind, inputs, [OWN + output], name=OWN + output, **attributes))
    return OWN + output


def constant(model: ModelProto, name: str, values: np.ndarray) -> str:
    """Adds a constant of ours; gives its name."""
    model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), OWN + name))
    return OWN + name


def pools_first(given: GivenModel) -> bool:
    """Whether its files say that the first token stands for the text. All other models are pooled by the mean."""
    pooling = given.json("1_Pooling/config.json")
    says = pooling.get("pooling_mode") == "cls" or pooling.get("pooling_mode_cls_token") is True
    return says and given.json("tokenizer_config.json").get("padding_side") != "left"


def first_token(model: ModelProto, name: str, is_text: bool) -> None:
    """[batch, sequence, size] to the vector of the first token."""
    values = add(model, "Cast", [name], "sequence", to=TensorProto.FLOAT)
    first = add(model, "Gather", [values, constant(model, "place", np.array([0], dtype=np.int64))], "first", axis=1)
    add(model, "Flatten", [first], "features")


def one_column(model: ModelProto, name: str, is_text: bool, output: str = "features") -> None:
    """[batch] or [batch, 1] to [batch, 1]."""
    values = add(model, "Cast", [name], f"{output}_flat", to=TensorProto.FLOAT)
    add(model, "Reshape", [values, constant(model, f"{output}_shape", np.array([-1, 1], dtype=np.int64))], output)


def same(model: ModelProto, name: str, is_text: bool) -> None:
    """Vectors as they are."""
    add(model, "Cast", [name], "features", to=TensorProto.FLOAT)


def mean_of_map(model: ModelProto, name: str, is_text: bool) -> None:
    """[batch, channels, height, width] to the mean of each channel."""
    add(model, "Cast", [name], "map", to=TensorProto.FLOAT)
    add(model, "GlobalAveragePool", [OWN + "map"], "pooled")
    add(model, "Flatten", [OWN + "pooled"], "features")


def mean_of_sequence(model: ModelProto, name: str, is_text: bool) -> None:
    """[batch, sequence, size] to the mean of the places that hold tokens: a product with the mask, divided by
    how many there are.
    """
    values = add(model, "Cast", [name], "sequence", to=TensorProto.FLOAT)
    if not is_text:
        transposed = add(model, "Transpose", [values], "turned", perm=[0, 2, 1])
        pooled = add(model, "GlobalAveragePool", [transposed], "pooled")
        add(model, "Flatten", [pooled], "features")
        return
    mask = add(model, "Cast", ["attention_mask"], "mask", to=TensorProto.FLOAT)
    row = add(model, "Reshape", [mask, constant(model, "row", np.array([0, 1, -1], dtype=np.int64))], "mask_row")
    total = add(model, "Flatten", [add(model, "MatMul", [row, values], "summed")], "total")
    count = reduce_sum(model, mask)
    add(model, "Div", [total, count], "features")


def reduce_sum(model: ModelProto, mask: str) -> str:
    """How many tokens each row has; the operator's form depends on the opset."""
    opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    if opset < FIRST_AXES_AS_INPUT:
        return add(model, "ReduceSum", [mask], "count", axes=[1], keepdims=1)
    return add(model, "ReduceSum", [mask, constant(model, "axis", np.array([1], dtype=np.int64))], "count", keepdims=1)
