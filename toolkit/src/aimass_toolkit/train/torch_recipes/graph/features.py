"""A model of others as a maker of features: cut where its vectors are, pooled, and later joined with a new head."""

import copy
from collections.abc import Sequence

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, ValueInfoProto, helper
from onnx.utils import Extractor

from aimass_toolkit.train.given.model import GivenModel

from ..problem import refuse
from .pooling import OWN, add, constant, first_token, mean_of_map, mean_of_sequence, one_column, pools_first, same

VECTORS = (
    "sentence_embedding",
    "text_embeds",
    "image_embeds",
    "pooler_output",
    "embeddings",
    "last_hidden_state",
    "token_embeddings",
)
SENTENCES = (
    "sentence_embedding",
    "text_embeds",
    "embeddings",
    "last_hidden_state",
    "token_embeddings",
    "pooler_output",
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


def make_extractor(given: GivenModel, is_text: bool, vectors: Sequence[str] = VECTORS) -> ModelProto:
    """The model up to one vector a row, as its only output `aimass/features` [batch, size].

    `vectors` are the outputs that are preferred, the best first.
    """
    return extract(given, feature_tensor(given.model, vectors), is_text)


def extract(given: GivenModel, name: str, is_text: bool, beside: str | None = None) -> ModelProto:
    """The model up to one tensor, pooled to a vector a row. The score `beside` is put behind it, as a last feature."""
    cut = cut_at(given, name, beside)
    rank = rank_of(cut, name)
    sequence = first_token if is_text and pools_first(given) else mean_of_sequence
    steps = {1: one_column, 2: same, 3: sequence, 4: mean_of_map}
    if rank not in steps:
        refuse(
            "RecipeInvalid",
            f"output {name} of {given.field} has {rank or 'unknown'} dimensions; features need 1 to 4. Name another "
            "Model.",
        )
    if is_text and steps[rank] is mean_of_sequence:
        require_mask(given, cut)
    steps[rank](cut, name, is_text)
    if beside is not None:
        rename(cut, OWN + "features", OWN + "vector")
        one_column(cut, beside, is_text, "score")
        add(cut, "Concat", [OWN + "vector", OWN + "score"], "features", axis=1)
    del cut.graph.output[:]
    cut.graph.output.append(helper.make_tensor_value_info(OWN + "features", TensorProto.FLOAT, ["batch", None]))
    return cut


def require_mask(given: GivenModel, cut: ModelProto) -> None:
    """Refuses models of texts whose tokens cannot be averaged."""
    if not any(entry.name == "attention_mask" for entry in cut.graph.input):
        refuse(
            "RecipeInvalid",
            f"{given.field} has no input attention_mask, so padding could not be told from text; name another Model.",
        )


def feature_tensor(model: ModelProto, vectors: Sequence[str] = VECTORS) -> str:
    """The tensor with the most telling vectors: a declared embedding, else what goes into the last dense
    layer, else the scores.
    """
    outputs = [output.name for output in model.graph.output]
    found = next((name for name in vectors if name in outputs), None)
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


def cut_at(given: GivenModel, name: str, beside: str | None = None) -> ModelProto:
    """The part of a graph that one tensor hangs on, or two."""
    try:
        whole = onnx.shape_inference.infer_shapes(given.model)
        inputs = {entry.name for entry in whole.graph.input} - {entry.name for entry in whole.graph.initializer}
        if name not in {entry.name for entry in [*whole.graph.value_info, *whole.graph.output]}:
            whole.graph.value_info.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
        cut = Extractor(whole).extract_model(sorted(inputs), [name] if beside is None else [name, beside])
    except (ValueError, KeyError, RuntimeError) as error:
        refuse("RecipeInvalid", f"{given.field} cannot be cut at {name} ({str(error)[:200]}); name another Model.")
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


def ranking_extractor(given: GivenModel) -> tuple[ModelProto, bool]:
    """The features of a model that reads a query and a text together; whether the last one is its own score."""
    name, score = feature_tensor(given.model), own_score(given.model)
    beside = score if score != name else None
    return extract(given, name, True, beside), score is not None


def own_score(model: ModelProto) -> str | None:
    """The output with one score a row, where there is one."""
    for name in SCORES:
        sizes = next((shape_of(entry) for entry in model.graph.output if entry.name == name), None)
        if sizes is not None and (len(sizes) == 1 or (len(sizes) == 2 and sizes[1] == 1)):
            return name
    return None


def shape_of(entry: ValueInfoProto) -> list[int]:
    """The dimensions that a graph declares; 0 where any size goes."""
    return [dim.dim_value for dim in entry.type.tensor_type.shape.dim]


def join_head(extractor: ModelProto, head: dict[str, np.ndarray], output: str) -> ModelProto:
    """The extractor with a dense layer on its features, standardised where the head has a mean; gives `output`."""
    model = copy.deepcopy(extractor)
    features = OWN + "features"
    if "mean" in head:
        shifted = add(model, "Sub", [features, constant(model, "head.mean", head["mean"])], "shifted")
        features = add(model, "Div", [shifted, constant(model, "head.deviation", head["deviation"])], "scaled")
    inputs = [features, constant(model, "head.weight", head["weight"]), constant(model, "head.bias", head["bias"])]
    taken = {output for node in model.graph.node for output in node.output}
    if output in taken:
        rename(model, output, f"{OWN}base_{output}")
    model.graph.node.append(helper.make_node("Gemm", inputs, [output], name=OWN + output, transB=1))
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", len(head["bias"])]))
    model.producer_name, model.producer_version = "aimass-toolkit", ""
    onnx.checker.check_model(model)
    return model


def rename(model: ModelProto, old: str, new: str) -> None:
    """Gives a tensor, and the node that is called like it, another name."""
    for node in model.graph.node:
        node.name = new if node.name == old else node.name
        node.input[:] = [new if entry == old else entry for entry in node.input]
        node.output[:] = [new if entry == old else entry for entry in node.output]
    for entry in model.graph.value_info:
        entry.name = new if entry.name == old else entry.name
