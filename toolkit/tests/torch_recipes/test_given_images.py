"""How models of others take images, and where their features are taken from."""

import json

import numpy as np
import onnx
import pytest
from data_sets import digits
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from aimass_toolkit.stage.report import StageError
from aimass_toolkit.stage.session import Session
from aimass_toolkit.train.given.model import GivenModel
from aimass_toolkit.train.torch_recipes.data.processor import read_input

PHOTO = Image.fromarray(np.random.default_rng(1).integers(0, 256, (30, 50, 3), dtype=np.uint8))
FIRST = ["batch", 3, "height", "width"]


def model_with(folder, config):
    (folder / "preprocessor_config.json").write_text(json.dumps(config))
    return GivenModel(folder, {}, onnx.ModelProto(), "spec.baseModel")


@pytest.mark.parametrize(
    ("shape", "config", "size", "colours"),
    [
        (FIRST, {"do_resize": True, "size": {"height": 16, "width": 12}}, (16, 12), 3),
        (FIRST, {"do_resize": True, "size": 20}, (20, 20), 3),
        (FIRST, {"do_resize": True, "size": 20, "do_center_crop": True, "crop_size": 16}, (16, 16), 3),
        (
            FIRST,
            {
                "do_resize": True,
                "size": {"shortest_edge": 20},
                "do_center_crop": True,
                "crop_size": {"height": 8, "width": 10},
            },
            (8, 10),
            3,
        ),
        (["batch", 1, 8, 8], {}, (8, 8), 1),
        (["batch", 8, 9, 3], {}, (8, 9), 3),
        (FIRST, {"do_resize": True, "size": {"height": 4, "width": 4}, "do_convert_grayscale": True}, (4, 4), 3),
    ],
)
def test_sizes_are_read_as_the_runtime_reads_them(tmp_path, shape, config, size, colours):
    taken = read_input("pixels", shape, "tensor(float)", model_with(tmp_path, config))
    pixels = taken.form.bytes_of(PHOTO)
    assert pixels.shape == (*size, colours)
    (values,) = taken.values(pixels[None]).values()
    assert values.shape[1:] == ((*size, colours) if taken.is_last else (colours, *size))


def test_images_of_any_size_are_refused(tmp_path):
    with pytest.raises(StageError, match=r"spec[.]baseModel does not bring images to one size"):
        read_input("pixels", FIRST, "tensor(float)", model_with(tmp_path, {}))


def test_values_are_rescaled_and_normalised(tmp_path):
    config = {"do_normalize": True, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.25, 0.5]}
    taken = read_input("pixels", ["batch", 3, 1, 1], "tensor(float)", model_with(tmp_path, config))
    (values,) = taken.values(np.full((1, 1, 1, 3), 255, np.uint8)).values()
    np.testing.assert_allclose(values.reshape(-1), [1, 2, 1], rtol=1e-6)


def foreign(folder, steps, config):
    """A model that scores images of 8 x 8 after some steps."""
    random = np.random.default_rng(2)
    folder.mkdir()
    nodes, weights = [], []
    for kind, output, shape, attributes in steps:
        names = [nodes[-1].output[0] if nodes else "pixels"]
        if shape:
            weights.append(
                numpy_helper.from_array(random.standard_normal(shape).astype(np.float32), f"w{len(weights)}")
            )
            names.append(weights[-1].name)
        nodes.append(helper.make_node(kind, names, [output], **attributes))
    tensors = [helper.make_tensor_value_info(*one) for one in config]
    graph = helper.make_graph(nodes, "foreign", tensors[:1], tensors[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, folder / "model.onnx")
    (folder / "config.json").write_text("{}")
    (folder / "preprocessor_config.json").write_text(json.dumps({"do_rescale": True}))


PIXELS = ("pixels", TensorProto.FLOAT, ["batch", 1, 8, 8])
CONVOLUTION = ("Conv", "map", (6, 1, 3, 3), {})
FLAT = ("Flatten", "flat", None, {})


def dense(name, inputs, outputs):
    return ("MatMul", name, (inputs, outputs), {})


@pytest.mark.parametrize(
    ("steps", "output", "width"),
    [
        ([CONVOLUTION, ("Relu", "last_hidden_state", None, {})], ["last_hidden_state", "batch", 6, 6, 6], 6),
        ([FLAT, dense("hidden", 64, 9), ("Tanh", "bent", None, {}), dense("logits", 9, 5)], ["logits", "batch", 5], 9),
        ([FLAT, dense("hidden", 64, 7), ("Softmax", "probabilities", None, {})], ["probabilities", "batch", 7], 64),
        ([FLAT, ("Sigmoid", "scores", None, {})], ["scores", "batch", 64], 64),
    ],
    ids=["map", "before the last dense layer", "through softmax", "scores themselves"],
)
def test_features_are_taken_where_they_tell_most(workspace, steps, output, width):
    space = workspace(recipe={"name": "image-classification", "options": {"epochs": 3, "threads": 1}}, seed=1)
    space.data("train", digits(120, classes=(0, 1)), "images.npz")
    foreign(space.root / "base-model", steps, [PIXELS, (output[0], TensorProto.FLOAT, output[1:])])
    space.run("train")
    assert f"dense layer on {width} features" in (space.root / "output/card.md").read_text()
    rows = dict(np.load(space.root / "output/examples.npz"))
    assert Session(space.root / "output/model.onnx").run(rows)["logits"].shape[1] == 2
