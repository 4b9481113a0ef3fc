"""Small real models on the digits of scikit-learn, as the conversion leaves them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

PIXELS, DIGITS = load_digits(return_X_y=True)
TRAIN, TEST, TRAIN_LABELS, TEST_LABELS = train_test_split(
    (PIXELS / 16).astype(np.float32), DIGITS, test_size=0.3, random_state=0, stratify=DIGITS
)
CLASSES = 10


def network() -> onnx.ModelProto:
    """A multi-layer perceptron, by skl2onnx."""
    from skl2onnx import to_onnx

    model = MLPClassifier((64, 32), max_iter=60, random_state=0).fit(TRAIN, TRAIN_LABELS)
    made: onnx.ModelProto = to_onnx(model, TRAIN[:1], options={"zipmap": False}, target_opset={"": 17, "ai.onnx.ml": 3})
    return made


def trees() -> onnx.ModelProto:
    """Gradient boosting, by onnxmltools."""
    import lightgbm
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType

    model = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(TRAIN, TRAIN_LABELS)
    made: onnx.ModelProto = convert_lightgbm(
        model, initial_types=[("features", FloatTensorType([None, 64]))], zipmap=False, target_opset=15
    )
    return made


def convolution() -> onnx.ModelProto:
    """Convolutions by chance, and a layer that has learned to tell digits from what they give."""
    filters = np.random.default_rng(0).normal(size=(32, 1, 3, 3)).astype(np.float32)
    given = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch", 1, 8, 8])
    nodes = [
        helper.make_node("Conv", ["pixel_values", "filters"], ["seen"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["seen"], ["positive"]),
        helper.make_node("MaxPool", ["positive"], ["small"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["small"], ["flat"]),
    ]
    body = graph(nodes, [given], ("flat", [None, 512]), {"filters": filters})
    head = LogisticRegression(C=0.1, max_iter=500).fit(run(body, TRAIN), TRAIN_LABELS)
    nodes.append(helper.make_node("Gemm", ["flat", "weights", "bias"], ["logits"], transB=1))
    values = {
        "filters": filters,
        "weights": head.coef_.astype(np.float32),
        "bias": head.intercept_.astype(np.float32),
    }
    return graph(nodes, [given], ("logits", ["batch", CLASSES]), values)


def graph(nodes: Any, inputs: Any, output: tuple[str, Any], values: dict[str, Any]) -> onnx.ModelProto:
    """A model of these nodes."""
    made = helper.make_graph(
        nodes,
        "model",
        inputs,
        [helper.make_tensor_value_info(output[0], TensorProto.FLOAT, output[1])],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(model: onnx.ModelProto, rows: Any) -> Any:
    """The first output for rows of digits."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    shape = [-1, *given.shape[1:]]
    return session.run(None, {given.name: rows.reshape(shape)})[0]


def work_space(root: Path, model: onnx.ModelProto) -> Path:
    """What training and conversion leave for a model: held-out rows, sample rows, the converted folder."""
    given = model.graph.input[0]
    shape = [-1, *(one.dim_value for one in given.type.tensor_type.shape.dim[1:])]
    (root / "output").mkdir()
    (root / "converted").mkdir()
    np.savez(root / "output" / "held-out.npz", **{given.name: TEST.reshape(shape), "labels": TEST_LABELS})
    np.savez(root / "output" / "examples.npz", **{given.name: TRAIN[:300].reshape(shape)})
    onnx.save(model, root / "converted" / "model.onnx")
    for name, text in {"config.json": "{}", "golden.json": "{}", "card.md": "# digits\n", "report.json": "{}"}.items():
        (root / "converted" / name).write_text(text)
    return root
