"""A TFLite file beside ONNX, from TensorFlow's own converter, with the same proof."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from aimass_toolkit.evaluate.native import Answers
from aimass_toolkit.evaluate.native.answers import name_answers
from aimass_toolkit.evaluate.native.inputs import tensors
from aimass_toolkit.stage.report import StageError

from .prove import compare
from .rows import Arrays, Rows
from .source import Source

MOST_ROWS = 200


def make_tflite(source: Source, rows: Rows, task: str) -> tuple[bytes, dict[str, Any]]:
    """The file, and its part of the report. It takes what the trained model takes: prepared values."""
    if source.kind != "tensorflow":
        raise StageError(
            "ConversionFailed",
            f"spec.publish.tflite is for models of TensorFlow; {source.file.name} is one of {source.kind}. Remove it.",
        )
    content = converted(source.file)
    some = {name: values[:MOST_ROWS] for name, values in rows.native.items()}
    native = source.predictor.predict(some)
    largest = compare(native, predict(content, source.predictor.inputs, some, task), f"{rows.origin}, as TFLite")
    count = len(next(iter(some.values())))
    return content, {"sizeBytes": len(content), "largestDifference": largest, "rowsCompared": count}


def converted(file: Path) -> bytes:
    """The file, of 32-bit floats."""
    import tensorflow as tf

    if file.is_dir():
        converter = tf.lite.TFLiteConverter.from_saved_model(str(file))
    else:
        converter = tf.lite.TFLiteConverter.from_keras_model(tf.keras.models.load_model(file, compile=False))
    content: bytes = converter.convert()
    return content


def predict(content: bytes, names: tuple[str, ...], rows: Arrays, task: str) -> Answers:
    """The answers of the file, row by row: its tensors have the size of one."""
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    given = tensors(rows, names)
    places = place_inputs(interpreter.get_input_details(), names)
    results: list[list[np.ndarray]] = []
    for row in range(len(next(iter(given.values())))):
        for name, detail in places.items():
            interpreter.set_tensor(detail["index"], given[name][row : row + 1].astype(detail["dtype"]))
        interpreter.invoke()
        results.append([interpreter.get_tensor(one["index"]) for one in interpreter.get_output_details()])
    details = interpreter.get_output_details()
    outputs = {one["name"]: np.concatenate([row[at] for row in results]) for at, one in enumerate(details)}
    return name_answers(task, outputs, rows)


def place_inputs(details: list[dict[str, Any]], names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Which input of the file is which of the model: theirs are called serving_default_NAME:0."""
    if len(names) == 1:
        return {names[0]: details[0]}
    return {name: next(one for one in details if name in one["name"]) for name in names}
