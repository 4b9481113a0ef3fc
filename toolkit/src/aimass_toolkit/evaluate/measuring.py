"""A model on held-out rows, batch by batch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from aimass_toolkit.metrics import measure_for
from aimass_toolkit.stage.report import StageError

from .held_out import Array, HeldOut
from .native import Answers, Predictor
from .native.detections import DETECTION, detections


def measure_model(predictor: Predictor, held_out: HeldOut, task: str) -> dict[str, float]:
    """The metrics of the task. Only what they need of each batch is kept."""
    measure = measure_for(task)
    if measure is None:
        return {}
    for batch in held_out.batches():
        answers = answer(predictor, batch.inputs)
        if task in DETECTION:
            answers = detections(answers, batch.model_type)
        if batch.others:
            answers = {**answers, "others": answer(predictor, batch.others)["embeddings"]}
        measure.add(answers, batch.truth)
    return measure.metrics()


def answer(predictor: Predictor, inputs: Mapping[str, Array]) -> Answers:
    """The answers to some rows, also of a model that takes a fixed number of them."""
    try:
        if predictor.batch is None:
            return predictor.predict(inputs)
        return in_batches(predictor, inputs, predictor.batch)
    except StageError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise StageError(
            "OutputInvalid",
            f"The model ({predictor.kind}) does not answer the rows that it is measured on: {reason}. "
            "Train it on rows of the same form.",
        ) from error


def in_batches(predictor: Predictor, inputs: Mapping[str, Array], size: int) -> Answers:
    """Rows in batches of exactly that size; the last one is filled up with its last row."""
    rows = len(next(iter(inputs.values())))
    parts = []
    for start in range(0, rows, size):
        chosen = np.minimum(np.arange(start, start + size), rows - 1)
        parts.append(predictor.predict({name: np.asarray(one)[chosen] for name, one in inputs.items()}))
    return {name: np.concatenate([part[name] for part in parts])[:rows] for name in parts[0]}
