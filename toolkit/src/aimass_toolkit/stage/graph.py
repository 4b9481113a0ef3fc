"""ONNX graphs in the style of the house: names of tensors, versions, a free batch dimension, no unwanted operator."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper, version_converter

# Old enough for every runtime in use, new enough for everything used here.
OPSET = 17
ML_OPSET = 3
IR_VERSION = 8


def rename(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    """Renames values of a graph wherever they are made or used, subgraphs included."""
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                rename(attribute.g, names)
    for value in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
        value.name = names.get(value.name, value.name)


def free_batch(model: onnx.ModelProto) -> None:
    """Calls the first dimension of inputs and outputs `batch` where it has no fixed size."""
    for value in (*model.graph.input, *model.graph.output):
        dims = value.type.tensor_type.shape.dim
        if len(dims) > 0 and dims[0].dim_value == 0:
            dims[0].dim_param = "batch"


def finish(model: onnx.ModelProto, name: str, doc: str = "") -> onnx.ModelProto:
    """The graph as it is written: the same bytes for the same model, checked."""
    without_array_feature_extractor(model)
    one_opset(model)
    del model.graph.value_info[:]
    model.ir_version = IR_VERSION
    model.producer_name = "aimass-toolkit"
    model.producer_version = ""
    model.domain = ""
    model.doc_string = doc
    model.graph.name = name
    del model.metadata_props[:]
    # Two graphs in one may have brought the same name twice.
    for place, node in enumerate(model.graph.node):
        node.name = f"{node.op_type}_{place}"
    free_batch(model)
    onnx.checker.check_model(model, full_check=True)
    return model


def one_opset(model: onnx.ModelProto, least: int = OPSET) -> None:
    """One version for each domain, in order: converters write older ones, some twice, and in any order."""
    versions: dict[str, int] = {}
    for one in model.opset_import:
        domain = "" if one.domain == "ai.onnx" else one.domain
        versions[domain] = max(one.version, versions.get(domain, 0))
    if any(node.domain == "ai.onnx.ml" for node in model.graph.node):
        # What the converters write means the same in version 3.
        versions["ai.onnx.ml"] = max(versions.get("ai.onnx.ml", 0), ML_OPSET)
    # A graph of trees alone has none of the standard operators, and says so.
    versions.setdefault("", least)
    set_opsets(model, versions)
    if versions[""] < least:
        model.CopyFrom(version_converter.convert_version(model, least))
        set_opsets(model, {**versions, "": least})


def set_opsets(model: onnx.ModelProto, versions: dict[str, int]) -> None:
    """Writes the versions of the domains, in order."""
    del model.opset_import[:]
    model.opset_import.extend(helper.make_opsetid(domain, version) for domain, version in sorted(versions.items()))


def serialised(model: onnx.ModelProto) -> bytes:
    """The bytes of a model, the same each time."""
    return model.SerializeToString(deterministic=True)


def opset_of(model: onnx.ModelProto) -> int:
    """The version of the standard operators."""
    return next((one.version for one in model.opset_import if one.domain in ("", "ai.onnx")), 0)


def without_array_feature_extractor(model: onnx.ModelProto) -> None:
    """Says ArrayFeatureExtractor with Gather: that operator could read outside of its input (onnxruntime #27265)."""
    graph = model.graph
    ranks = {one.name: len(one.dims) for one in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for index, node in enumerate(graph.node):
        if node.op_type != "ArrayFeatureExtractor":
            nodes.append(node)
            continue
        flat, out = f"gather_{index}_places", node.output[0]
        every = f"gather_{index}_every"
        graph.initializer.append(numpy_helper.from_array(np.array([-1], np.int64), every))
        nodes.append(helper.make_node("Reshape", [node.input[1], every], [flat]))
        if ranks.get(node.input[0]) != 1:
            nodes.append(helper.make_node("Gather", [node.input[0], flat], [out], axis=-1))
            continue
        # Of one dimension it makes two.
        row, first = f"gather_{index}_row", f"gather_{index}_first"
        graph.initializer.append(numpy_helper.from_array(np.array([0], np.int64), first))
        nodes.append(helper.make_node("Gather", [node.input[0], flat], [row], axis=0))
        nodes.append(helper.make_node("Unsqueeze", [row, first], [out]))
    del graph.node[:]
    graph.node.extend(nodes)
