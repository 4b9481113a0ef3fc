"""An ONNX file, run as it will be served: on the CPU, by onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from .threads import threads

TYPES: dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(int16)": np.int16,
    "tensor(int8)": np.int8,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.object_,
}


class Session:
    """A loaded model: the names, types and shapes of its inputs and outputs, and its answers."""

    def __init__(self, model: Path | str | bytes, thread_count: int | None = None) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = thread_count or threads()
        options.log_severity_level = 3
        content = model if isinstance(model, bytes) else str(model)
        self.session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        self.types = {one.name: TYPES.get(one.type) for one in self.session.get_inputs()}
        self.shapes = {one.name: one.shape for one in self.session.get_inputs()}
        self.inputs = list(self.types)
        self.outputs = [one.name for one in self.session.get_outputs()]
        self.output_shapes = {one.name: one.shape for one in self.session.get_outputs()}

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The answers by name. Inputs are given the type that the model takes."""
        given = {name: np.asarray(inputs[name]).astype(self.types[name]) for name in self.inputs}
        return dict(zip(self.outputs, self.session.run(self.outputs, given), strict=True))
