"""A model of others as a frozen maker of features: cut where its vectors are, pooled, and later joined with a
new head.
"""

import copy
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnx.utils import Extractor

from aimass_toolkit.train.given.model import GivenModel

from ..problem import refuse

VECTORS = (
    "sentence_embedding",
    "text_embeds",
    "image_embeds",
    "pooler_output",
    "embeddings",
    "last_hidden_state",
    "token_embeddings",
)
SCORES = ("logits", "probabilities", "scores")
PASSING = (
    "Softmax",
    "LogSoftmax",
    "Sigmoid",
    "Identity",
    "Add",
    "Cast",
    "Flatten",
    "Reshape",
    "Squeeze",
    "ArgMax",
    "Clip",
)
OWN = "aimass/"
FIRST_AXES_AS_INPUT = 13


def make_extractor(given: GivenModel, is_text: bool) -> ModelProto:
    """The model up to one vector a row, as its only output `aimass/features`."""
    name = feature_tensor(given.model)
    cut = cut_at(given.model, name)
    rank = rank_of(cut, name)
    steps = {2: same, 3: mean_of_sequence, 4: mean_of_map}
    if rank not in steps:
        refuse(
            "RecipeInvalid",
            f"output {name} of the base model has {rank or 'unknown'} dimensions; features need 2, 3 or 4.",
        )
    steps[rank](cut, name, is_text)
    del cut.graph.output[:]
    cut.graph.output.append(helper.make_tensor_value_info(OWN + "features", TensorProto.FLOAT, ["batch", None]))
    return cut


def feature_tensor(model: ModelProto) -> str:
    """The tensor with the most telling vectors: a declared embedding, else what goes into the last dense
    layer, else the scores.
    """
    outputs = [output.name for output in model.graph.output]
    found = next((name for name in VECTORS if name in outputs), None)
    if found is not None:
        return found
    scores = next((name for name in SCORES if name in outputs), outputs[0])
    return before_last_dense(model, scores) or scores


def before_last_dense(model: ModelProto, name: str) -> str | None:
    """The data input of the dense layer that the scores come from."""
    makers = {output: node for node in model.graph.node for output in node.output}
    constants = {entry.name for entry in model.graph.initializer} | {
        node.output[0] for node in model.graph.node if node.op_type == "Constant"
    }
    while name in makers:
        node = makers[name]
        if node.op_type in ("Gemm", "MatMul"):
            return node.input[0] if is_fixed(node.input[1], makers, constants) else None
        if node.op_type not in PASSING:
            return None
        name = next((entry for entry in node.input if entry not in constants), "")
    return None


def is_fixed(name: str, makers: dict, constants: set[str]) -> bool:
    """Whether a tensor is a weight, maybe transposed or cast on its way."""
    while (
        name not in constants
        and name in makers
        and makers[name].op_type in ("Transpose", "Cast", "Identity", "DequantizeLinear")
    ):
        name = makers[name].input[0]
    return name in constants


def cut_at(model: ModelProto, name: str) -> ModelProto:
    """The part of a graph that one tensor hangs on."""
    try:
        whole = onnx.shape_inference.infer_shapes(model)
        inputs = {entry.name for entry in whole.graph.input} - {entry.name for entry in whole.graph.initializer}
        if name not in {entry.name for entry in [*whole.graph.value_info, *whole.graph.output]}:
            whole.graph.value_info.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
        cut = Extractor(whole).extract_model(sorted(inputs), [name])
    except (ValueError, KeyError, RuntimeError) as error:
        refuse("RecipeInvalid", f"the base model cannot be cut at {name} ({str(error)[:200]}); use another one.")
    used = {entry for node in cut.graph.node for entry in node.input}
    kept = [entry for entry in cut.graph.input if entry.name in used]
    del cut.graph.input[:]
    cut.graph.input.extend(kept)
    return cut


def rank_of(model: ModelProto, name: str) -> int:
    """How many dimensions a tensor has; 0 if the graph does not say."""
    for entry in [*model.graph.output, *model.graph.value_info]:
        if entry.name == name and entry.type.tensor_type.HasField("shape"):
            return len(entry.type.tensor_type.shape.dim)
    return 0


def add(model: ModelProto, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
    """Adds a node of ours; gives the name of its output."""
    model.graph.node.append(helper.make_node(kind, inputs, [OWN + output], name=OWN + output, **attributes))
    return OWN + output


def constant(model: ModelProto, name: str, values: np.ndarray) -> str:
    """Adds a constant of ours; gives its name."""
    model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), OWN + name))
    return OWN + name


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
    if is_text and not any(entry.name == "attention_mask" for entry in model.graph.input):
        refuse(
            "RecipeInvalid",
            "the base model has no input attention_mask, so padding could not be told from text; use another one.",
        )
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


def join_head(extractor: ModelProto, head: dict[str, np.ndarray]) -> ModelProto:
    """The extractor with a dense layer on standardised features; its output is `logits`."""
    model = copy.deepcopy(extractor)
    shifted = add(model, "Sub", [OWN + "features", constant(model, "head.mean", head["mean"])], "shifted")
    scaled = add(model, "Div", [shifted, constant(model, "head.deviation", head["deviation"])], "scaled")
    inputs = [scaled, constant(model, "head.weight", head["weight"]), constant(model, "head.bias", head["bias"])]
    taken = {output for node in model.graph.node for output in node.output}
    if "logits" in taken:
        rename(model, "logits", OWN + "base_logits")
    model.graph.node.append(helper.make_node("Gemm", inputs, ["logits"], name=OWN + "logits", transB=1))
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(head["bias"])]))
    model.producer_name, model.producer_version = "aimass-toolkit", ""
    onnx.checker.check_model(model)
    return model


def rename(model: ModelProto, old: str, new: str) -> None:
    """Gives a tensor another name."""
    for node in model.graph.node:
        node.input[:] = [new if entry == old else entry for entry in node.input]
        node.output[:] = [new if entry == old else entry for entry in node.output]
    for entry in model.graph.value_info:
        entry.name = new if entry.name == old else entry.name
