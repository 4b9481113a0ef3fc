"""KServe's Python server with a custom model that runs onnxruntime. Environment: BENCH_MODELS_DIR."""

import os
import pathlib

import kserve
import onnxruntime
from kserve.protocol.infer_type import InferOutput, InferResponse
from kserve.utils.numpy_codec import from_np_dtype


class OnnxModel(kserve.Model):
    def __init__(self, name: str, path: str) -> None:
        super().__init__(name)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.names = [output.name for output in self.session.get_outputs()]
        self.ready = True

    def predict(self, payload, headers=None, response_headers=None):
        values = self.session.run(self.names, {item.name: item.as_numpy() for item in payload.inputs})
        outputs = []
        for name, value in zip(self.names, values):
            output = InferOutput(name, list(value.shape), from_np_dtype(value.dtype))
            output.set_data_from_numpy(value, binary_data=payload.use_binary_outputs)
            outputs.append(output)
        return InferResponse(
            payload.id or "1", self.name, outputs, use_binary_outputs=payload.use_binary_outputs
        )


if __name__ == "__main__":
    root = pathlib.Path(os.environ["BENCH_MODELS_DIR"])
    models = [OnnxModel(folder.name, str(folder / "1" / "model.onnx")) for folder in sorted(root.iterdir())]
    kserve.ModelServer(workers=1, enable_latency_logging=False).start(models)
