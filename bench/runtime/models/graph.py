"""A small writer of ONNX graphs: named nodes, random weights from one seed."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Graph:
    """Collects nodes and weights; every call of `node` returns the name of its output."""

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self.random = np.random.default_rng(seed)
        self.nodes: list = []
        self.weights: list = []

    def constant(self, value: np.ndarray) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def weight(self, *shape: int, fan_in: int) -> str:
        """Random weights that keep the size of what flows through."""
        return self.constant((self.random.standard_normal(shape) * np.sqrt(1.0 / fan_in)).astype(np.float32))

    def node(self, operator: str, *inputs: str, output: str | None = None, **attributes) -> str:
        name = output or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def linear(self, value: str, columns_in: int, columns_out: int, output: str | None = None) -> str:
        product = self.node("MatMul", value, self.weight(columns_in, columns_out, fan_in=columns_in))
        return self.node("Add", product, self.constant(np.zeros(columns_out, np.float32)), output=output)

    def save(self, path: str, inputs: dict, outputs: dict) -> None:
        """`inputs` and `outputs`: name -> (numpy type, shape)."""
        model = helper.make_model(
            helper.make_graph(self.nodes, self.name, described(inputs), described(outputs), self.weights),
            opset_imports=[helper.make_opsetid("", 17)],
            ir_version=8,
            producer_name="aimass-bench",
        )
        onnx.checker.check_model(model)
        onnx.save(model, path)


TYPES = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64}


def described(tensors: dict) -> list:
    return [helper.make_tensor_value_info(name, TYPES[kind], shape) for name, (kind, shape) in tensors.items()]
