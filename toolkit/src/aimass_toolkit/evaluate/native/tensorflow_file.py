"""model.keras, or the folder saved_model."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from .answers import name_answers
from .inputs import tensors
from .predictor import Answers, Arrays, Predictor


class SavedModelPredictor(Predictor):
    """The signature `serving_default` of a SavedModel."""

    kind: ClassVar[str] = "tensorflow"

    def __init__(self, model: Any, task: str) -> None:
        super().__init__(task)
        self.model = model
        self.signature = model.signatures["serving_default"]
        self.specs = self.signature.structured_input_signature[1]
        self.inputs = tuple(self.specs)

    def predict(self, arrays: Arrays) -> Answers:
        """The outputs of the signature."""
        import tensorflow as tf

        given = tensors(arrays, self.inputs)
        outputs = self.signature(**{name: tf.cast(given[name], spec.dtype) for name, spec in self.specs.items()})
        return name_answers(self.task, {name: value.numpy() for name, value in outputs.items()}, arrays)


class KerasPredictor(Predictor):
    """A Keras model."""

    kind: ClassVar[str] = "tensorflow"

    def __init__(self, model: Any, task: str) -> None:
        super().__init__(task)
        self.model = model
        self.inputs = tuple(one.name for one in model.inputs)

    def predict(self, arrays: Arrays) -> Answers:
        """The outputs of the model, by its output names."""
        given = list(tensors(arrays, self.inputs).values())
        outputs = self.model.predict_on_batch(given if len(given) > 1 else given[0])
        if isinstance(outputs, dict):
            named = outputs
        else:
            several = outputs if isinstance(outputs, list | tuple) else [outputs]
            # A Sequential model has no names for them.
            names = getattr(self.model, "output_names", None) or [f"output_{place}" for place in range(len(several))]
            named = dict(zip(names, several, strict=True))
        return name_answers(self.task, {name: np.asarray(value) for name, value in named.items()}, arrays)


def load(path: Path, task: str) -> Predictor:
    """The model of the file or folder."""
    import tensorflow as tf

    if path.is_dir():
        return SavedModelPredictor(tf.saved_model.load(str(path)), task)
    return KerasPredictor(tf.keras.models.load_model(path, compile=False), task)
