"""The recipe image-classification."""

import io
import zipfile

import numpy as np
import pytest
from data_sets import digits, picture, table

from aimass_toolkit.stage.session import Session

RECIPE = {"name": "image-classification", "options": {"epochs": 4, "channels": 16, "threads": 1}}
COLOURS = {"red": (200, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 200)}


def trained(workspace, content=None, **options):
    space = workspace(recipe={**RECIPE, "options": {**RECIPE["options"], **options}}, seed=1)
    space.data("train", content or digits(), "images.npz")
    return space


def colour_files(rows=12):
    return {
        f"{name}/{index}.png": picture(np.add(colour, index).tolist())
        for name, colour in COLOURS.items()
        for index in range(rows)
    }


def test_digits_are_learned(workspace):
    space = trained(workspace)
    code, report, output = space.start("train")
    assert code == 0, output
    assert report["metrics"]["accuracy"] >= 0.95
    assert "epoch=4 epochs=4 loss=" in output
    assert "val_accuracy=" in output
    assert space.json("output/metrics.json") == report["metrics"]
    assert space.json("output/config.json")["id2label"]["9"] == "9"
    assert "pipeline_tag" in (space.root / "output/card.md").read_text()


def test_the_held_out_rows_give_the_accuracy_that_is_told(workspace):
    space = trained(workspace, digits(600))
    accuracy = space.run("train")["metrics"]["accuracy"]
    rows = dict(np.load(space.root / "output/held-out.npz"))
    labels = rows.pop("labels")
    logits = Session(space.root / "output/model.onnx").run(rows)["logits"]
    assert (logits.argmax(1) == labels).mean() == pytest.approx(accuracy)


def test_the_same_seed_gives_the_same_bytes(workspace):
    spaces = [trained(workspace, digits(300)) for _ in range(2)]
    for space in spaces:
        space.run("train")
    first, second = (space.bytes("output") for space in spaces)
    assert first["model.onnx"] == second["model.onnx"]
    assert set(first) == set(second)
    other = trained(workspace, digits(300))
    other.run("train", seed=2)
    assert other.bytes("output")["model.onnx"] != first["model.onnx"]


def test_parameters_win_over_options(workspace):
    space = trained(workspace, digits(300))
    assert space.run("train", parameters={"epochs": 1})["steps"] == 1


def test_training_stops_when_validation_gets_no_better(workspace):
    space = trained(workspace, digits(300), epochs=50, learningRate=1e-9, earlyStoppingPatience=2)
    assert space.run("train")["steps"] < 20


def check_colours(space):
    report = space.run("train")
    assert report["metrics"]["accuracy"] == 1
    assert sorted(space.json("output/config.json")["label2id"]) == ["blue", "green", "red"]
    assert space.json("output/preprocessor_config.json")["size"] == {"height": 12, "width": 12}


@pytest.fixture
def colours(workspace):
    return workspace(
        recipe={**RECIPE, "options": {"epochs": 12, "channels": 8, "layers": 2, "batchSize": 8, "threads": 1}}, seed=1
    )


def test_a_folder_for_each_class(colours):
    for name, content in colour_files().items():
        colours.data("train", content, name)
    check_colours(colours)


def test_an_archive_is_read_where_it_lies(colours):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in colour_files().items():
            archive.writestr(f"colours/{name}", content)
    colours.data("train", packed.getvalue(), "colours.zip")
    check_colours(colours)


def test_a_table_of_paths(colours):
    files = colour_files()
    for name, content in files.items():
        colours.data("train", content, f"files/{name.replace('/', '-')}")
    rows = [(f"files/{name.replace('/', '-')}", name.split("/")[0]) for name in files]
    colours.data("train", table(["path", "label"], rows), "list.csv")
    check_colours(colours)


def test_one_broken_image_in_a_hundred_is_left_out(colours):
    for name, content in colour_files(40).items():
        colours.data("train", content, name)
    colours.data("train", b"\x89PNG\r\n\x1a\nbroken", "red/broken.png")
    code, report, output = colours.start("train")
    assert code == 0, report
    assert "red/broken.png" in output


def test_more_broken_images_are_refused(colours):
    for name, content in colour_files(5).items():
        colours.data("train", content, name)
    colours.data("train", b"no image", "red/broken.png")
    report = colours.refused("train")
    assert report["reason"] == "DataInvalid"
    assert "red/broken.png" in report["message"]


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


IMAGES = np.zeros((20, 8, 8), np.uint8)


@pytest.mark.parametrize(
    ("content", "file", "reason", "says"),
    [
        (b"hello", "readme.txt", "DataEmpty", "no images"),
        (picture((1, 2, 3)), "loose.png", "DataInvalid", "class folder"),
        (picture((1, 2, 3)), "red/1.png", "TargetConstant", "'red'"),
        (npz(images=IMAGES), "images.npz", "DataInvalid", "'labels'"),
        (npz(images=IMAGES, labels=np.zeros(20)), "images.npz", "TargetConstant", "'0'"),
        (npz(images=IMAGES[:0], labels=np.zeros(0)), "images.npz", "DataEmpty", "no images"),
        (npz(images=IMAGES, labels=np.full(20, np.nan)), "images.npz", "DataInvalid", "labels[0]"),
        (npz(images=IMAGES - 1.5, labels=np.arange(20)), "images.npz", "DataInvalid", "0 to 255"),
        (npz(images=IMAGES[0], labels=np.arange(8)), "images.npz", "DataInvalid", "shape"),
        (npz(images=IMAGES, labels=np.arange(3)), "images.npz", "DataInvalid", "one label for each"),
        (b"PK nothing", "images.npz", "DataInvalid", "cannot be read"),
        (table(["path", "class"], [("a.png", "x")]), "list.csv", "ColumnMissing", "'label'"),
        (table(["path", "label"], [("a.png", "x")]), "list.csv", "DataInvalid", "'a.png'"),
    ],
)
def test_bad_data_is_refused(workspace, content, file, reason, says):
    space = workspace(recipe=RECIPE)
    space.data("train", content, file)
    report = space.refused("train")
    assert report["reason"] == reason
    assert says in report["message"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"epoch": 3}, "epoch is no option"),
        ({"epochs": 0}, "a whole number from 1"),
        ({"epochs": 1.5}, "a whole number"),
        ({"learningRate": "fast"}, "'fast'"),
        ({"optimiser": "adam"}, "adamw, sgd"),
        ({"dropout": True}, "a number"),
    ],
)
def test_options_are_checked(workspace, options, says):
    space = trained(workspace, digits(100), **options)
    report = space.refused("train")
    assert report["reason"] == "RecipeInvalid"
    assert says in report["message"]


def test_missing_data_is_refused(workspace):
    space = workspace(recipe=RECIPE, data=["train"])
    assert space.refused("train")["reason"] == "DataMissing"
    assert space.refused("train", data=[])["reason"] == "DataMissing"
