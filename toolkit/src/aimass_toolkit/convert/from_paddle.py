"""From a Paddle inference model, with paddle2onnx. Only the image of PaddlePaddle has it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnx

from aimass_toolkit.stage.graph import OPSET


def convert(file: Path) -> onnx.ModelProto:
    """The graph of inference.json or inference.pdmodel with inference.pdiparams."""
    import paddle2onnx

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "model.onnx"
        parameters = file.with_name("inference.pdiparams")
        paddle2onnx.export(str(file), str(parameters), str(target), opset_version=OPSET, verbose=False)
        return onnx.load(target)
