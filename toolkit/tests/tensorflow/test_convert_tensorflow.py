"""Keras files and SavedModels through the role `convert`, and TFLite beside ONNX."""

import json

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from sklearn import datasets

ROWS = np.random.default_rng(1).normal(size=(40, 4)).astype(np.float32)


def network(how):
    tf.keras.utils.set_random_seed(1)
    start = tf.keras.Input((4,), name="x")
    layers = [tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(3, activation="softmax")]
    if how == "sequential":
        return tf.keras.Sequential([start, *layers])
    return tf.keras.Model(start, layers[1](layers[0](start)))


def space_with(workspace, how, **document):
    space = workspace(task="tabular-classification", framework="tensorflow", **document)
    output = space.root / "output"
    output.mkdir()
    model = network(how)
    if how in ("keras", "sequential"):
        model.save(output / "model.keras")
    else:
        model.export(str(output / "saved_model"), verbose=False)
    np.savez(output / "examples.npz", x=ROWS)
    return space, model


@pytest.mark.parametrize("how", ["keras", "saved_model", "sequential"])
def test_a_network_becomes_onnx(workspace, how):
    space, model = space_with(workspace, how)
    report = space.run("convert")
    assert report["from"] == "tensorflow"
    assert report["largestDifference"] < 1e-4
    session = onnxruntime.InferenceSession(space.root / "converted/model.onnx")
    assert session.get_inputs()[0].shape == ["batch", 4]
    got = session.run(None, {session.get_inputs()[0].name: ROWS})[0]
    assert np.allclose(got, model.predict(ROWS, verbose=0), atol=1e-5)
    assert space.json("converted/golden.json")["examples"]


@pytest.mark.parametrize("how", ["keras", "saved_model"])
def test_a_tflite_file_comes_with_its_proof(workspace, how):
    space, _ = space_with(workspace, how, publish={"tflite": True})
    report = space.run("convert")
    assert report["tflite"]["largestDifference"] < 1e-4
    assert report["tflite"]["rowsCompared"] == 40
    content = (space.root / "converted/model.tflite").read_bytes()
    assert len(content) == report["tflite"]["sizeBytes"]
    assert json.loads((space.root / "converted/report.json").read_text())["tflite"] == report["tflite"]


def test_prepared_rows_get_the_preparation(workspace):
    space, _ = space_with(workspace, "keras", prepare={"target": "target"})
    space.data("train", datasets.load_iris(as_frame=True).frame)
    space.run("prepare")
    assert space.run("convert")["preparation"] is True
    session = onnxruntime.InferenceSession(space.root / "converted/model.onnx")
    assert [one.name for one in session.get_inputs()] == ["features"]


def test_what_is_no_keras_file_is_refused(workspace):
    space = workspace(task="tabular-classification")
    (space.root / "output").mkdir()
    (space.root / "output/model.keras").write_text("hello")
    assert space.refused("convert")["reason"] == "OutputInvalid"
