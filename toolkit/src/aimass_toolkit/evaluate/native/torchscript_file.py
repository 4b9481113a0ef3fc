"""model.pt: a TorchScript module."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from .answers import name_answers
from .inputs import tensors
from .predictor import Answers, Arrays, Predictor


class TorchscriptPredictor(Predictor):
    """A traced or scripted module; its inputs have the names of the arguments of `forward`."""

    kind: ClassVar[str] = "torchscript"

    def __init__(self, module: Any, task: str) -> None:
        super().__init__(task)
        self.module = module
        needed = [one for one in module.forward.schema.arguments[1:] if not one.has_default_value()]
        self.inputs = tuple(one.name for one in needed)

    def predict(self, arrays: Arrays) -> Answers:
        """The outputs of the module."""
        import torch

        given = [torch.from_numpy(np.ascontiguousarray(one)) for one in tensors(arrays, self.inputs).values()]
        with torch.no_grad():
            return name_answers(self.task, named(self.module(*given)), arrays)


def named(outputs: Any) -> Answers:
    """Outputs by name: those of a dict by their own, those of a tuple by their place."""
    if isinstance(outputs, dict):
        return {str(name): value.numpy() for name, value in outputs.items()}
    several = outputs if isinstance(outputs, tuple | list) else (outputs,)
    return {f"output_{place}": value.numpy() for place, value in enumerate(several)}


def load(path: Path, task: str) -> Predictor:
    """The module of the file."""
    import torch

    return TorchscriptPredictor(torch.jit.load(str(path), map_location="cpu").eval(), task)
