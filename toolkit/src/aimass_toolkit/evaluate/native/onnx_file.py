"""model.onnx, run by onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from aimass_toolkit.stage.session import Session

from .answers import name_answers
from .inputs import tensors
from .predictor import Answers, Array, Arrays, Predictor


class OnnxPredictor(Predictor):
    """An ONNX graph."""

    kind: ClassVar[str] = "onnx"

    def __init__(self, session: Session, task: str) -> None:
        super().__init__(task)
        self.session = session
        self.inputs = tuple(session.inputs)
        shapes = list(session.shapes.values())
        if len(shapes) == 1 and len(shapes[0]) == 2 and isinstance(shapes[0][1], int):
            self.width = shapes[0][1]
        fixed = [shape[0] for shape in shapes if shape and isinstance(shape[0], int) and shape[0] > 0]
        self.batch = fixed[0] if fixed else None

    def predict(self, arrays: Arrays) -> Answers:
        """The outputs of the graph."""
        return name_answers(self.task, self.session.run(self.feed(arrays)), arrays)

    def feed(self, arrays: Arrays) -> dict[str, Array]:
        """The arrays as the graph takes them: by name, of its types, columns of a table with two dimensions."""
        given = {}
        for name, values in tensors(arrays, self.inputs).items():
            is_column = len(self.session.shapes[name]) == 2 and values.ndim == 1
            given[name] = (values.reshape(-1, 1) if is_column else values).astype(self.session.types[name])
        return given


def load(path: Path, task: str) -> Predictor:
    """The model of the file."""
    return OnnxPredictor(Session(path), task)
