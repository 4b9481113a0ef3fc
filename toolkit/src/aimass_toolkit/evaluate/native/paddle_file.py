"""inference.pdmodel or inference.json, with inference.pdiparams: a Paddle inference model."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from .answers import name_answers
from .inputs import tensors
from .predictor import Answers, Arrays, Predictor


class PaddlePredictor(Predictor):
    """A model of Paddle Inference."""

    kind: ClassVar[str] = "paddle"

    def __init__(self, runner: Any, task: str) -> None:
        super().__init__(task)
        self.runner = runner
        self.inputs = tuple(runner.get_input_names())

    def predict(self, arrays: Arrays) -> Answers:
        """The outputs of the model."""
        for name, values in tensors(arrays, self.inputs).items():
            handle = self.runner.get_input_handle(name)
            handle.reshape(values.shape)
            handle.copy_from_cpu(np.ascontiguousarray(values))
        self.runner.run()
        outputs = {name: self.runner.get_output_handle(name).copy_to_cpu() for name in self.runner.get_output_names()}
        return name_answers(self.task, outputs, arrays)


def load(path: Path, task: str) -> Predictor:
    """The model of the files."""
    from paddle import inference

    config = inference.Config(str(path), str(path.with_name("inference.pdiparams")))
    config.disable_gpu()
    config.disable_glog_info()
    return PaddlePredictor(inference.create_predictor(config), task)
