"""From a scikit-learn model to an ONNX file, with the tensor names that AI Mass expects of the task."""

import numpy as np
import onnx
from datasets import Data, Entry
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType

# Old enough for every runtime in use, new enough for everything used here.
OPSET = 17
ML_OPSET = 3
IR_VERSION = 8
# Reads outside of its input were possible in this operator (onnxruntime #27265), so no entry uses it.
UNWANTED_OPERATORS = {"ArrayFeatureExtractor"}


def export(entry: Entry, data: Data, model) -> onnx.ModelProto:
    """The served graph: pre-processing included, batch dimension free, the same bytes for the same model."""
    graph = export_image_classifier(data, model) if entry.task == "image-classification" else export_tabular(data, model)
    graph.producer_name = "aimass-library"
    graph.producer_version = ""
    graph.ir_version = IR_VERSION
    graph.doc_string = entry.summary
    graph.graph.name = entry.name
    for value in (*graph.graph.input, *graph.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.checker.check_model(graph, full_check=True)
    unwanted = UNWANTED_OPERATORS & {node.op_type for node in graph.graph.node}
    if unwanted:
        raise ValueError(f"the graph of {entry.name} uses {sorted(unwanted)}; export it in another way")
    return graph


def export_tabular(data: Data, model) -> onnx.ModelProto:
    """`features` in; `label` and `probabilities`, or `prediction`, out."""
    final = ("label", "probabilities") if data.labels else ("prediction",)
    graph = convert_sklearn(
        model,
        name="model",
        initial_types=[("features", FloatTensorType([None, data.inputs.shape[1]]))],
        options={id(model): {"zipmap": False}} if data.labels else None,
        target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET},
    )
    # The converter gives the label first, under names of its own.
    rename(graph.graph, {out.name: name for out, name in zip(graph.graph.output, final, strict=True)})
    return graph


def rename(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    """Renames values of a graph wherever they are made or used."""
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for out in graph.output:
        out.name = names.get(out.name, out.name)


def export_image_classifier(data: Data, model) -> onnx.ModelProto:
    """`pixel_values` in; `logits`, `probabilities` and `label` out. Written out node by node: it is only six kinds."""
    image = list(data.inputs.shape[1:])
    constants: list[onnx.TensorProto] = []
    nodes = [helper.make_node("Flatten", ["pixel_values"], ["layer_0"], axis=1)]
    last = len(model.coefs_) - 1
    for index, (weights, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        constants.append(numpy_helper.from_array(weights.astype(np.float32), f"weights_{index}"))
        constants.append(numpy_helper.from_array(bias.astype(np.float32), f"bias_{index}"))
        out = "logits" if index == last else f"sum_{index}"
        nodes.append(helper.make_node("Gemm", [f"layer_{index}", f"weights_{index}", f"bias_{index}"], [out]))
        if index != last:
            nodes.append(helper.make_node("Relu", [out], [f"layer_{index + 1}"]))
    nodes.append(helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1))
    # The classes are 0 to 9 in this order, so the position of the largest value is the label.
    nodes.append(helper.make_node("ArgMax", ["logits"], ["label"], axis=1, keepdims=0))
    classes = len(data.labels)
    outputs = [
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, [None, classes]),
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, classes]),
        helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
    ]
    inputs = [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, [None, *image])]
    graph = helper.make_graph(nodes, "model", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
