"""The packages of the image `toolkit-tensorflow` work together: train, save, convert, run."""

import subprocess
import sys

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
import tf2onnx

CPU = ["CPUExecutionProvider"]
ROWS = np.random.default_rng(1).normal(size=(64, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def model():
    tf.keras.utils.set_random_seed(1)
    layers = [tf.keras.Input((4,)), tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(3)]
    network = tf.keras.Sequential([*layers, tf.keras.layers.Softmax()])
    network.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    labels = (ROWS[:, 0] > 0).astype(np.int64)
    network.fit(ROWS, labels, epochs=2, verbose=0)
    return network


def agrees(graph, expected):
    session = onnxruntime.InferenceSession(graph, providers=CPU)
    (found,) = session.run(None, {session.get_inputs()[0].name: ROWS})
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_keras_file_round_trips(model, tmp_path):
    model.save(tmp_path / "model.keras")
    again = tf.keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.predict(ROWS, verbose=0), model.predict(ROWS, verbose=0), rtol=1e-6)


def test_a_model_converts(model):
    specs = [tf.TensorSpec((None, 4), tf.float32, "x")]
    graph, _ = tf2onnx.convert.from_function(tf.function(model, input_signature=specs), input_signature=specs, opset=17)
    agrees(graph.SerializeToString(), model.predict(ROWS, verbose=0))


def test_tensorflow_lite_converts(model):
    flat = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    interpreter = tf.lite.Interpreter(model_content=flat)
    interpreter.resize_tensor_input(0, [64, 4])
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], ROWS)
    interpreter.invoke()
    found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(found, model.predict(ROWS, verbose=0), rtol=1e-4, atol=1e-5)


def test_a_saved_model_converts(model, tmp_path):
    model.export(str(tmp_path / "saved"), verbose=False)
    out = str(tmp_path / "model.onnx")
    command = [sys.executable, "-m", "tf2onnx.convert", "--saved-model", str(tmp_path / "saved"), "--output", out]
    done = subprocess.run([*command, "--opset", "17"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    agrees(out, model.predict(ROWS, verbose=0))
