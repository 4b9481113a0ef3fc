"""What a team writes by hand: FastAPI, pydantic and onnxruntime. Environment: BENCH_MODELS_DIR."""

import os
import pathlib

import numpy as np
import onnxruntime
from fastapi import FastAPI
from pydantic import BaseModel

TYPES = {"FP32": np.float32, "INT64": np.int64}
NAMES = {"float32": "FP32", "int64": "INT64"}


class Tensor(BaseModel):
    name: str
    shape: list[int]
    datatype: str
    data: list[float]


class InferRequest(BaseModel):
    inputs: list[Tensor]


def load(path: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


root = pathlib.Path(os.environ["BENCH_MODELS_DIR"])
sessions = {folder.name: load(str(folder / "1" / "model.onnx")) for folder in sorted(root.iterdir())}
app = FastAPI()


@app.get("/v2/health/ready")
async def ready() -> dict:
    return {"ready": True}


@app.get("/v2/health/live")
async def live() -> dict:
    return {"live": True}


@app.post("/v2/models/{name}/infer")
async def infer(name: str, request: InferRequest) -> dict:
    session = sessions[name]
    feeds = {item.name: np.array(item.data, TYPES[item.datatype]).reshape(item.shape) for item in request.inputs}
    names = [output.name for output in session.get_outputs()]
    outputs = [
        {"name": key, "shape": value.shape, "datatype": NAMES[value.dtype.name], "data": value.ravel().tolist()}
        for key, value in zip(names, session.run(names, feeds))
    ]
    return {"model_name": name, "model_version": "1", "outputs": outputs}
