"""From model.keras or the folder saved_model, with tf2onnx. Only the image of TensorFlow has it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx

from aimass_toolkit.stage.graph import OPSET


def convert(file: Path) -> onnx.ModelProto:
    """The graph of a Keras model or of the signature `serving_default` of a SavedModel."""
    import tensorflow as tf
    from tf2onnx.tf_loader import from_saved_model
    from tf2onnx.tfonnx import process_tf_graph

    with as_saved_model(file) as folder:
        graph_def, inputs, outputs = from_saved_model(str(folder), None, None)
        with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph):
            tf.import_graph_def(graph_def, name="")
            made = process_tf_graph(graph, opset=OPSET, input_names=inputs, output_names=outputs)
        return made.make_model("model")


@contextmanager
def as_saved_model(file: Path) -> Iterator[Path]:
    """The SavedModel itself, or one made of a Keras file."""
    if file.is_dir():
        yield file
        return
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        model: Any = tf.keras.models.load_model(file, compile=False)
        model.export(folder, format="tf_saved_model", verbose=False)
        yield Path(folder)
