"""Triton's python backend with onnxruntime; the requests of one call are run as one batch."""

import pathlib

import numpy as np
import onnxruntime
import triton_python_backend_utils as triton


class TritonPythonModel:
    def initialize(self, args: dict) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        path = pathlib.Path(args["model_repository"]) / args["model_version"] / "model.onnx"
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.inputs = [item.name for item in self.session.get_inputs()]
        self.outputs = [item.name for item in self.session.get_outputs()]

    def execute(self, requests: list) -> list:
        if len(requests) == 1:
            return [self.respond(self.session.run(self.outputs, self.feeds(requests[0])))]
        each = [self.feeds(request) for request in requests]
        sizes = np.cumsum([len(feeds[self.inputs[0]]) for feeds in each])[:-1]
        batch = {name: np.concatenate([feeds[name] for feeds in each]) for name in self.inputs}
        parts = [np.split(value, sizes) for value in self.session.run(self.outputs, batch)]
        return [self.respond(values) for values in zip(*parts)]

    def feeds(self, request) -> dict:
        return {name: triton.get_input_tensor_by_name(request, name).as_numpy() for name in self.inputs}

    def respond(self, values):
        tensors = [triton.Tensor(name, np.ascontiguousarray(value)) for name, value in zip(self.outputs, values)]
        return triton.InferenceResponse(output_tensors=tensors)
