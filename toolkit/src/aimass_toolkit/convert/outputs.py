"""Names and forms of outputs by the contract of the task, and the names of classes."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from aimass_toolkit.stage.graph import rename

CLASSES = frozenset({"tabular-classification", "text-classification", "image-classification"})
FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16)


def name_outputs(model: onnx.ModelProto, task: str, is_classifier: bool) -> None:
    """`label` and `probabilities`, `prediction`, `logits`, embeddings: what the task calls them."""
    graph = model.graph
    taken = {one.name for one in graph.input}
    wanted: dict[str, str] = {}
    for one in graph.output:
        name = wanted_name(one, task, is_classifier)
        if name is not None and name not in wanted.values():
            wanted[one.name] = f"{name}_output" if name in taken else name
    used = {name for node in graph.node for name in node.output} - set(wanted)
    # Something inside may have that name.
    rename(graph, {name: f"inside/{name}" for name in used & set(wanted.values())})
    rename(graph, wanted)


def wanted_name(output: onnx.ValueInfoProto, task: str, is_classifier: bool) -> str | None:
    """The name of one output, or None to leave it as it is."""
    kind = output.type.tensor_type.elem_type
    rank = len(output.type.tensor_type.shape.dim)
    if kind not in FLOATS:
        return "label" if is_classifier else None
    if is_classifier:
        return "probabilities"
    if task in CLASSES or task == "text-ranking":
        return output.name if output.name in ("probabilities", "scores", "logits") else "logits"
    if task in ("feature-extraction", "sentence-similarity"):
        return "last_hidden_state" if rank == 3 else "sentence_embedding"
    return "prediction" if task == "tabular-regression" else None


def labels_only(model: onnx.ModelProto) -> None:
    """Drops outputs of floats."""
    graph = model.graph
    kept = [one for one in graph.output if one.type.tensor_type.elem_type not in FLOATS]
    del graph.output[:]
    graph.output.extend(kept)
    remove_unused(graph)


def label_by_place(model: onnx.ModelProto) -> None:
    """Gives `label` the place of the largest probability: classes that are texts have names in config.json."""
    graph = model.graph
    kept = [one for one in graph.output if one.name != "label"]
    rename_label = {"label": "inside/label"}
    made = {name for node in graph.node for name in node.output}
    if "label" in made:
        rename(graph, rename_label)
    del graph.output[:]
    graph.node.append(helper.make_node("ArgMax", ["probabilities"], ["label"], axis=1, keepdims=0))
    graph.output.append(helper.make_tensor_value_info("label", TensorProto.INT64, [None]))
    graph.output.extend(kept)
    remove_unused(graph)


def remove_unused(graph: onnx.GraphProto) -> None:
    """Drops the nodes and constants that no output needs."""
    needed = {one.name for one in graph.output}
    nodes = []
    for node in reversed(graph.node):
        if needed & set(node.output):
            nodes.append(node)
            needed |= {name for name in node.input if name} | inner_names(node)
    del graph.node[:]
    graph.node.extend(reversed(nodes))
    constants = [one for one in graph.initializer if one.name in needed]
    del graph.initializer[:]
    graph.initializer.extend(constants)


def inner_names(node: onnx.NodeProto) -> set[str]:
    """Values that the subgraphs of a node may take from outside."""
    graphs = [one.g for one in node.attribute if one.type == onnx.AttributeProto.GRAPH]
    return {name for graph in graphs for inside in graph.node for name in (*inside.input, *inner_names(inside))}


def two_columns(model: onnx.ModelProto) -> None:
    """Makes a prediction [batch] two-dimensional, [batch, 1]."""
    graph = model.graph
    output = next((one for one in graph.output if one.name == "prediction"), None)
    if output is None or len(output.type.tensor_type.shape.dim) != 1:
        return
    rename(graph, {"prediction": "inside/prediction"})
    graph.initializer.append(numpy_helper.from_array(np.array([-1, 1], np.int64), "inside/column"))
    graph.node.append(helper.make_node("Reshape", ["inside/prediction", "inside/column"], ["prediction"]))
    kept = [one for one in graph.output if one.name != "inside/prediction"]
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("prediction", TensorProto.FLOAT, [None, 1]))
    graph.output.extend(kept)
