"""Writes the models of the benchmark and one example of each, answered by Python's onnxruntime.

usage: make.py FOLDER IRIS_MODEL

FOLDER gets models/NAME/1/model.onnx (S, M, L, B) and examples/NAME.json: inputs and outputs with name, datatype, shape,
data. Weights are random: only the work they make counts.
"""

import json
import pathlib
import shutil
import sys

import numpy as np
import onnxruntime
from graph import Graph

DATATYPES = {"float32": "FP32", "int64": "INT64"}


def make_mlp(path: str) -> None:
    """M: 2 MB of weights, 64 numbers in, 10 out."""
    graph = Graph("mlp", seed=1)
    value, sizes = "x", [64, 512, 512, 384, 10]
    for index, (before, after) in enumerate(zip(sizes, sizes[1:])):
        last = index == len(sizes) - 2
        value = graph.linear(value, before, after, output="y" if last else None)
        value = value if last else graph.node("Relu", value)
    graph.save(path, {"x": ("float32", ["n", 64])}, {"y": ("float32", ["n", 10])})


def convolve(graph: Graph, value: str, shape: tuple[int, int, int, int]) -> str:
    """A convolution with bias: (channels in, channels out, kernel, stride)."""
    before, after, kernel, stride = shape
    weight = graph.weight(after, before, kernel, kernel, fan_in=before * kernel * kernel)
    bias = graph.constant(np.zeros(after, np.float32))
    pads = [kernel // 2] * 4
    return graph.node("Conv", value, weight, bias, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=pads)


def make_resnet18(path: str) -> None:
    """L: the layers of ResNet-18, batch normalisation folded into the convolutions."""
    graph = Graph("resnet18", seed=2)
    value = graph.node("Relu", convolve(graph, "image", (3, 64, 7, 2)))
    value = graph.node("MaxPool", value, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    before = 64
    for after in (64, 128, 256, 512):
        for block in range(2):
            stride = 2 if block == 0 and after != 64 else 1
            inner = graph.node("Relu", convolve(graph, value, (before, after, 3, stride)))
            inner = convolve(graph, inner, (after, after, 3, 1))
            shortcut = convolve(graph, value, (before, after, 1, stride)) if before != after else value
            value = graph.node("Relu", graph.node("Add", inner, shortcut))
            before = after
    value = graph.node("Flatten", graph.node("GlobalAveragePool", value), axis=1)
    graph.linear(value, 512, 1000, output="logits")
    graph.save(path, {"image": ("float32", ["n", 3, 224, 224])}, {"logits": ("float32", ["n", 1000])})


HIDDEN, HEADS, LENGTH, VOCABULARY = 256, 4, 128, 8000


def normalise(graph: Graph, value: str) -> str:
    scale, bias = graph.constant(np.ones(HIDDEN, np.float32)), graph.constant(np.zeros(HIDDEN, np.float32))
    return graph.node("LayerNormalization", value, scale, bias, axis=-1)


def attend(graph: Graph, value: str, mask: str) -> str:
    split = graph.constant(np.array([0, LENGTH, HEADS, HIDDEN // HEADS], np.int64))
    join = graph.constant(np.array([0, LENGTH, HIDDEN], np.int64))

    def heads(order: list[int]) -> str:
        return graph.node("Transpose", graph.node("Reshape", graph.linear(value, HIDDEN, HIDDEN), split), perm=order)

    query, key, content = heads([0, 2, 1, 3]), heads([0, 2, 3, 1]), heads([0, 2, 1, 3])
    root = graph.constant(np.array(np.sqrt(HIDDEN / HEADS), np.float32))
    scores = graph.node("Add", graph.node("Div", graph.node("MatMul", query, key), root), mask)
    mixed = graph.node("MatMul", graph.node("Softmax", scores, axis=-1), content)
    joined = graph.node("Reshape", graph.node("Transpose", mixed, perm=[0, 2, 1, 3]), join)
    return graph.linear(joined, HIDDEN, HIDDEN)


def gelu(graph: Graph, value: str) -> str:
    def number(value: float) -> str:
        return graph.constant(np.array(value, np.float32))

    inner = graph.node("Erf", graph.node("Div", value, number(np.sqrt(2))))
    return graph.node("Mul", graph.node("Mul", value, graph.node("Add", inner, number(1.0))), number(0.5))


def make_encoder(path: str) -> None:
    """B: a transformer encoder of 4 layers, hidden size 256, 4 heads, 128 tokens; its output is the first token's row."""
    graph = Graph("encoder", seed=3)
    tokens = graph.node("Gather", graph.weight(VOCABULARY, HIDDEN, fan_in=1), "input_ids")
    value = normalise(graph, graph.node("Add", tokens, graph.weight(LENGTH, HIDDEN, fan_in=1)))
    axes = graph.constant(np.array([1, 2], np.int64))
    kept = graph.node("Cast", graph.node("Unsqueeze", "attention_mask", axes), to=1)
    one, far = graph.constant(np.array(1, np.float32)), graph.constant(np.array(-10000, np.float32))
    mask = graph.node("Mul", graph.node("Sub", one, kept), far)
    for _ in range(4):
        value = normalise(graph, graph.node("Add", value, attend(graph, value, mask)))
        inner = graph.linear(gelu(graph, graph.linear(value, HIDDEN, 4 * HIDDEN)), 4 * HIDDEN, HIDDEN)
        value = normalise(graph, graph.node("Add", value, inner))
    graph.node("Gather", value, graph.constant(np.array(0, np.int64)), axis=1, output="embedding")
    ids = ("int64", ["n", LENGTH])
    graph.save(path, {"input_ids": ids, "attention_mask": ids}, {"embedding": ("float32", ["n", HIDDEN])})


def examples() -> dict:
    random = np.random.default_rng(4)
    return {
        "S": {"features": np.array([[6.3, 2.9, 5.6, 1.8]], np.float32)},
        "M": {"x": random.standard_normal((1, 64)).astype(np.float32)},
        "L": {"image": random.standard_normal((1, 3, 224, 224)).astype(np.float32)},
        "B": {
            "input_ids": random.integers(0, VOCABULARY, (1, LENGTH)),
            "attention_mask": np.concatenate([np.ones((1, 100), np.int64), np.zeros((1, 28), np.int64)], axis=1),
        },
    }


def as_json(name: str, value: np.ndarray) -> dict:
    # The shortest decimal that is the same float32: what a client sends that does not widen numbers first.
    data = [float(str(number)) for number in value.ravel()] if value.dtype == np.float32 else value.ravel().tolist()
    return {"name": name, "datatype": DATATYPES[value.dtype.name], "shape": list(value.shape), "data": data}


def main(folder: pathlib.Path, iris: str) -> None:
    (folder / "examples").mkdir(parents=True, exist_ok=True)
    makers = {"S": lambda path: shutil.copy(iris, path), "M": make_mlp, "L": make_resnet18, "B": make_encoder}
    for name, inputs in examples().items():
        path = folder / "models" / name / "1" / "model.onnx"
        path.parent.mkdir(parents=True, exist_ok=True)
        makers[name](str(path))
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        outputs = dict(zip(names, session.run(names, inputs)))
        example = {
            "inputs": [as_json(key, value) for key, value in inputs.items()],
            "outputs": [as_json(key, value) for key, value in outputs.items()],
        }
        (folder / "examples" / f"{name}.json").write_text(json.dumps(example))
        print(f"{name}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2])
