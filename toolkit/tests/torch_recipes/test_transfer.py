"""Starting from a model, and learning from one."""

import re
import shutil

import numpy as np
import onnx
import pytest
from data_sets import digits, opinions, rankings
from foreign import rename_initialisers, without_numbers
from onnxruntime.quantization import quantize_dynamic
from spaces import give

from aimass_toolkit.compress import int8
from aimass_toolkit.stage.session import Session

IMAGES = {"name": "image-classification", "options": {"epochs": 5, "channels": 16, "threads": 1}}
TEXTS = {"epochs": 8, "hidden": 64, "layers": 2, "maxLength": 32, "threads": 1}


def images(workspace, content, **options):
    space = workspace(recipe={**IMAGES, "options": {**IMAGES["options"], **options}}, seed=1)
    space.data("train", content, "images.npz")
    return space


def texts(workspace, content, name="text-classification", file="table.csv", **options):
    space = workspace(recipe={"name": name, "options": {**TEXTS, **options}}, seed=1)
    space.data("train", content, file)
    return space


def model_of(made, name, space):
    if not (made / name).exists():
        space.run("train")
        shutil.copytree(space.root / "output", made / name)
    return made / name


def low_digits(made, workspace):
    return model_of(made, "digits", images(workspace, digits(classes=range(7)), epochs=8))


def many_opinions(made, workspace):
    return model_of(made, "opinions", texts(workspace, opinions(1000)))


def test_few_images_are_learned_better_from_a_base_model(workspace, made):
    """Digits 7, 8, 9: classes that the base model never saw."""
    few = digits(40, classes=(7, 8, 9))
    scratch = images(workspace, few).run("train")
    tuned = give(images(workspace, few), low_digits(made, workspace))
    report = tuned.run("train")
    assert report["metrics"]["val_loss"] < scratch["metrics"]["val_loss"]
    assert list(tuned.json("output/config.json")["id2label"].values()) == ["7", "8", "9"]


def test_a_frozen_backbone_stays_as_it_is(workspace, made):
    base = low_digits(made, workspace)
    space = give(images(workspace, digits(100, classes=(7, 8, 9)), freeze="backbone"), base)
    space.run("train")
    before, after = (weights(folder) for folder in (base, space.root / "output"))
    assert all((before[name] == after[name]).all() for name in before if name.startswith("backbone."))
    assert before["head.weight"].shape != after["head.weight"].shape


def weights(folder):
    graph = onnx.load(folder / "model.onnx").graph
    return {entry.name: onnx.numpy_helper.to_array(entry) for entry in graph.initializer}


def test_without_training_the_base_model_answers_as_before(workspace, made):
    """All weights arrive, the head too when the classes are the same."""
    base = many_opinions(made, workspace)
    space = give(texts(workspace, opinions(60, seed=3), epochs=1, learningRate=1e-9, weightDecay=0), base)
    space.run("train")
    rows = dict(np.load(space.root / "output/examples.npz"))
    before, after = (Session(folder / "model.onnx").run(rows)["logits"] for folder in (base, space.root / "output"))
    np.testing.assert_allclose(before, after, atol=1e-4)


def test_few_texts_are_learned_better_from_a_base_model(workspace, made):
    few = opinions(60, seed=3, names=("dislike", "like"))
    scratch = texts(workspace, few).run("train")
    tuned = give(texts(workspace, few, layerDecay=0.8), many_opinions(made, workspace)).run("train")
    assert tuned["metrics"]["val_loss"] < scratch["metrics"]["val_loss"]


def test_a_ranking_starts_from_a_classifier(workspace, made):
    space = texts(workspace, rankings(30), "text-ranking", "table.jsonl", epochs=1)
    give(space, many_opinions(made, workspace)).run("train")
    assert space.json("output/config.json")["type_vocab_size"] == 2


def test_images_on_the_features_of_a_foreign_model(workspace, made, tmp_path):
    base = shutil.copytree(low_digits(made, workspace), tmp_path / "foreign")
    rename_initialisers(base)
    space = give(images(workspace, digits(200, classes=(7, 8, 9)), epochs=40, learningRate=0.02), base)
    report = space.run("train")
    assert report["metrics"]["accuracy"] >= 0.8
    assert "features of the base model" in (space.root / "output/card.md").read_text()
    rows = dict(np.load(space.root / "output/held-out.npz"))
    labels = rows.pop("labels")
    answers = Session(space.root / "output/model.onnx").run(rows)["logits"].argmax(1)
    assert (answers == labels).mean() == pytest.approx(report["metrics"]["accuracy"])


def test_texts_on_the_features_of_a_foreign_model(workspace, made, tmp_path):
    base = shutil.copytree(many_opinions(made, workspace), tmp_path / "foreign")
    rename_initialisers(base)
    space = give(texts(workspace, opinions(200, seed=4, names=("bad", "good")), epochs=30, learningRate=0.02), base)
    assert space.run("train")["metrics"]["accuracy"] >= 0.9
    assert (space.root / "output/tokenizer.json").read_bytes() == (base / "tokenizer.json").read_bytes()


def vectors(made, workspace):
    source = texts(
        workspace, "text,positive\n" + "\n".join(f"a {n} b,c {n} d" for n in range(40)), "feature-extraction", epochs=1
    )
    return model_of(made, "vectors", source)


def test_a_classifier_starts_from_embeddings(workspace, made):
    space = give(texts(workspace, opinions(60), epochs=1), vectors(made, workspace))
    space.run("train")
    assert "started from the weights of the base model" in (space.root / "output/card.md").read_text()


def test_a_foreign_model_of_token_vectors_is_pooled(workspace, made, tmp_path):
    base = shutil.copytree(vectors(made, workspace), tmp_path / "foreign")
    rename_initialisers(base)
    model = onnx.load(base / "model.onnx")
    del model.graph.output[1]
    onnx.save(model, base / "model.onnx")
    space = give(texts(workspace, opinions(60), epochs=2), base)
    space.run("train")
    session = Session(space.root / "output/model.onnx")
    rows = {name: values[:2] for name, values in np.load(space.root / "output/examples.npz").items()}
    padded = {name: np.pad(values, ((0, 0), (0, 3))) for name, values in rows.items()}
    np.testing.assert_allclose(session.run(rows)["logits"], session.run(padded)["logits"], atol=1e-4)


def test_a_small_student_learns_from_a_teacher(workspace, made):
    """The labels are few and partly wrong; the teacher knows better."""
    teacher = model_of(made, "teacher", images(workspace, digits(), epochs=8))
    alone = images(workspace, digits(150), channels=8, layers=2)
    taught = give(images(workspace, digits(150), channels=8, layers=2, alpha=0.9), teacher, "teacher-model")
    assert taught.run("train")["metrics"]["val_loss"] < alone.run("train")["metrics"]["val_loss"] * 1.1
    card = (taught.root / "output/card.md").read_text()
    assert "Learned from a teacher" in card
    assert re.search(r"Learned from the teacher Model `sha256:[0-9a-f]{64}`", card)
    assert re.search(r"- `train`: 1 file, `sha256:[0-9a-f]{64}`", card)


def test_a_student_of_texts_has_a_tokenizer_of_its_own(workspace, made):
    space = texts(workspace, opinions(200), hidden=32, layers=1, heads=2, epochs=2, vocabulary=300)
    give(space, many_opinions(made, workspace), "teacher-model").run("train")
    assert space.json("output/config.json")["hidden_size"] == 32


@pytest.mark.parametrize(
    ("folder", "break_it", "says"),
    [
        ("base-model", lambda model: (model / "model.onnx").unlink(), "no model.onnx"),
        ("base-model", lambda model: (model / "model.onnx").write_bytes(b"junk" * 100), "ONNX"),
        (
            "teacher-model",
            lambda model: (model / "config.json").write_text('{"id2label": {"0": "x"}}'),
            "does not know the class",
        ),
    ],
)
def test_unusable_models_are_refused(workspace, made, tmp_path, folder, break_it, says):
    model = shutil.copytree(low_digits(made, workspace), tmp_path / "broken")
    break_it(model)
    report = give(images(workspace, digits(100)), model, folder).refused("train")
    assert report["reason"] == "RecipeInvalid"
    assert says in report["message"]


def test_a_teacher_that_gives_no_numbers_is_refused(workspace, made, tmp_path):
    teacher = shutil.copytree(many_opinions(made, workspace), tmp_path / "spoilt")
    without_numbers(teacher)
    report = give(texts(workspace, opinions(60), epochs=1), teacher, "teacher-model").refused("train")
    assert report["reason"] == "RecipeInvalid"
    assert report["message"].startswith("spec.teacherModel gives scores that are no numbers")


def test_nothing_can_be_frozen_without_a_base_model(workspace):
    report = images(workspace, digits(100), freeze="backbone").refused("train")
    assert report["reason"] == "RecipeInvalid"
    assert "spec.baseModel" in report["message"]


@pytest.mark.parametrize("how", ["dynamic", "static"])
def test_a_quantised_model_of_images_is_one_too(workspace, made, tmp_path, how):
    """As publish.optimize makes it: some weights keep their names, others lose them."""
    base = shutil.copytree(low_digits(made, workspace), tmp_path / "small")
    model = onnx.load(base / "model.onnx")
    rows = dict(np.load(base / "examples.npz"))
    quantised = int8.dynamic(model) if how == "dynamic" else int8.static(model, rows, 1)
    onnx.save(quantised, base / "model.onnx")
    space = give(images(workspace, digits(600), epochs=20, learningRate=0.02), base)
    assert space.run("train")["metrics"]["accuracy"] >= 0.8


def test_a_quantised_model_of_ours_is_a_maker_of_features(workspace, made, tmp_path):
    """Its weights cannot be trained on, its features can be learned from."""
    base = shutil.copytree(many_opinions(made, workspace), tmp_path / "small")
    whole = (base / "model.onnx").stat().st_size
    quantize_dynamic(base / "model.onnx", base / "model.onnx")
    assert (base / "model.onnx").stat().st_size < 0.6 * whole
    space = give(texts(workspace, opinions(200, seed=4, names=("bad", "good")), epochs=30, learningRate=0.02), base)
    assert space.run("train")["metrics"]["accuracy"] >= 0.8
