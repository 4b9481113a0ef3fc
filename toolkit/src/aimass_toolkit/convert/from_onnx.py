"""From model.onnx: checked, and passed through."""

from __future__ import annotations

from pathlib import Path

import onnx

from aimass_toolkit.stage.report import StageError


def load(file: Path) -> onnx.ModelProto:
    """The graph with all its weights; refuses one that is not valid."""
    try:
        model = onnx.load(file)
        onnx.checker.check_model(model)
    except Exception as error:
        reason = " ".join(str(error).replace(str(file), file.name).split())[:300]
        raise StageError(
            "OutputInvalid",
            f"{file.name} is no valid ONNX model: {reason}. Write it with your toolkit's exporter.",
        ) from error
    return model
