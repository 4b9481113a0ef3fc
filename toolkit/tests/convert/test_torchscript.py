"""TorchScript modules, as the exporter of PyTorch takes them."""

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is in the image only")


def network(seed=0):
    torch.manual_seed(seed)
    layers = [torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(4 * 36, 3)]
    return torch.nn.Sequential(*layers).eval()


class Encoder(torch.nn.Module):
    """Tokens to vectors, two outputs."""

    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(50, 8)

    def forward(self, input_ids, attention_mask):
        vectors = self.embedding(input_ids) * attention_mask.unsqueeze(-1)
        return vectors, vectors.mean(dim=1)


def space_with(workspace, module, task, **arrays):
    space = workspace(task=task)
    output = space.root / "output"
    output.mkdir()
    torch.jit.save(module, str(output / "model.pt"))
    if arrays:
        np.savez(output / "examples.npz", **arrays)
    return space


@pytest.mark.parametrize("how", ["traced", "scripted"])
def test_a_network_of_images(workspace, how):
    images = np.random.default_rng(0).random((10, 1, 8, 8)).astype(np.float32)
    model = network()
    module = torch.jit.trace(model, torch.from_numpy(images[:1])) if how == "traced" else torch.jit.script(model)
    space = space_with(workspace, module, "image-classification", pixel_values=images)
    report = space.run("convert")
    assert report["from"] == "torchscript"
    assert report["largestDifference"] < 1e-4
    session = onnxruntime.InferenceSession(space.root / "converted/model.onnx")
    assert [(one.name, one.shape) for one in session.get_inputs()] == [("pixel_values", ["batch", 1, 8, 8])]
    assert [(one.name, one.shape) for one in session.get_outputs()] == [("logits", ["batch", 3])]
    for rows in (1, 7):
        got = session.run(None, {"pixel_values": images[:rows]})[0]
        assert np.allclose(got, model(torch.from_numpy(images[:rows])).detach().numpy(), atol=1e-5)


def test_an_encoder_takes_texts_of_any_length(workspace):
    ids = np.random.default_rng(0).integers(0, 50, (6, 5))
    module = torch.jit.script(Encoder().eval())
    space = space_with(workspace, module, "feature-extraction", input_ids=ids, attention_mask=np.ones_like(ids))
    space.run("convert")
    session = onnxruntime.InferenceSession(space.root / "converted/model.onnx")
    shapes = {one.name: one.shape for one in [*session.get_inputs(), *session.get_outputs()]}
    assert shapes["input_ids"] == ["batch", "sequence"]
    assert shapes["sentence_embedding"] == ["batch", 8]
    longer = np.ones((2, 9), np.int64)
    assert session.run(["last_hidden_state"], {"input_ids": longer, "attention_mask": longer})[0].shape == (2, 9, 8)


def test_a_module_without_examples_is_refused(workspace):
    report = space_with(workspace, torch.jit.script(network()), "image-classification").refused("convert")
    assert report["reason"] == "ConversionFailed"
    assert "examples.npz" in report["message"]


def test_a_module_on_prepared_rows_gets_the_preparation(workspace):
    from sklearn import datasets

    space = workspace(task="tabular-classification", prepare={"target": "target"})
    space.data("train", datasets.load_iris(as_frame=True).frame)
    space.run("prepare")
    (space.root / "output").mkdir()
    torch.manual_seed(0)
    torch.jit.save(torch.jit.script(torch.nn.Linear(4, 3)), str(space.root / "output/model.pt"))
    assert space.run("convert")["preparation"] is True
    session = onnxruntime.InferenceSession(space.root / "converted/model.onnx")
    assert [one.name for one in session.get_inputs()] == ["features"]
    assert [one.name for one in session.get_outputs()] == ["logits"]


def test_what_is_no_module_is_refused(workspace):
    space = workspace(task="image-classification")
    (space.root / "output").mkdir()
    (space.root / "output/model.pt").write_text("hello")
    assert space.refused("convert")["reason"] == "OutputInvalid"
