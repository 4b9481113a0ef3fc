"""Models of Paddle Inference through the role `convert`."""

import numpy as np
import onnxruntime
import paddle

ROWS = np.random.default_rng(1).normal(size=(40, 4)).astype(np.float32)


def test_a_network_becomes_onnx(workspace):
    space = workspace(task="tabular-classification", framework="paddlepaddle")
    output = space.root / "output"
    output.mkdir()
    paddle.seed(1)
    model = paddle.nn.Sequential(paddle.nn.Linear(4, 8), paddle.nn.ReLU(), paddle.nn.Linear(8, 3), paddle.nn.Softmax())
    model.eval()
    spec = [paddle.static.InputSpec([None, 4], "float32", "x")]
    paddle.jit.save(model, str(output / "inference"), input_spec=spec)
    np.savez(output / "examples.npz", x=ROWS)
    report = space.run("convert")
    assert report["from"] == "paddle"
    assert report["largestDifference"] < 1e-4
    session = onnxruntime.InferenceSession(space.root / "converted/model.onnx")
    got = session.run(None, {"x": ROWS[:7]})[0]
    assert np.allclose(got, model(paddle.to_tensor(ROWS[:7])).numpy(), atol=1e-5)
    assert {file.name for file in (space.root / "converted").iterdir()} == {
        "card.md",
        "config.json",
        "golden.json",
        "model.onnx",
        "report.json",
    }


def test_half_a_model_is_refused(workspace):
    space = workspace(task="tabular-classification")
    (space.root / "output").mkdir()
    (space.root / "output/inference.json").write_text("{}")
    report = space.refused("convert")
    assert report["reason"] == "OutputInvalid"
    assert "inference.pdiparams" in report["message"]
