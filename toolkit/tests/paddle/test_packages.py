"""The packages of the image `toolkit-paddle` work together: train, save, convert, run."""

import numpy as np
import onnxruntime
import paddle
import paddle2onnx

CPU = ["CPUExecutionProvider"]
ROWS = np.random.default_rng(1).normal(size=(64, 4)).astype(np.float32)


def trained():
    paddle.seed(1)
    model = paddle.nn.Sequential(paddle.nn.Linear(4, 8), paddle.nn.ReLU(), paddle.nn.Linear(8, 3), paddle.nn.Softmax())
    optimizer = paddle.optimizer.Adam(parameters=model.parameters())
    labels = paddle.to_tensor((ROWS[:, 0] > 0).astype(np.int64))
    for _ in range(3):
        loss = paddle.nn.functional.nll_loss(paddle.log(model(paddle.to_tensor(ROWS))), labels)
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
    model.eval()
    return model


def test_a_saved_model_converts(tmp_path):
    model = trained()
    spec = [paddle.static.InputSpec([None, 4], "float32", "x")]
    paddle.jit.save(model, str(tmp_path / "model"), input_spec=spec)
    (structure,) = [path for path in tmp_path.iterdir() if path.suffix in (".json", ".pdmodel")]
    paddle2onnx.export(
        str(structure), str(tmp_path / "model.pdiparams"), str(tmp_path / "model.onnx"), opset_version=17
    )
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=CPU)
    expected = model(paddle.to_tensor(ROWS)).numpy()
    (found,) = session.run(None, {session.get_inputs()[0].name: ROWS})
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
