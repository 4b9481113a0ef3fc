"""Rankings and embeddings that learn from a teacher."""

import json
import random
import re
import shutil
from functools import partial

import numpy as np
import onnx
import pytest
from data_sets import TOPICS, digits, opinions, passage, question
from foreign import foreign, without_numbers
from onnx import TensorProto, helper
from processes import finish, free_port, start
from real_runtime import verify
from spaces import embedding, give, ranking, texts

from aimass_toolkit.train.given.model import find_model
from aimass_toolkit.train.given.session import open_session, run_all
from aimass_toolkit.train.torch_recipes.text_inputs import token_batch

LONGER = {"epochs": 20, "learningRate": 0.003, "batchSize": 32}
CHANCE = random.Random(77)
QUERIES = [question(topic, CHANCE) for topic in TOPICS for _ in TOPICS]
PASSAGES = [passage(topic, CHANCE) for _ in TOPICS for topic in TOPICS]
teach = partial(give, folder="teacher-model")


def ranker(made, workspace):
    return foreign(made / "ranker", lambda: ranking(workspace, 150, epochs=15, learningRate=0.003, tokenizer="bpe"))


def embedder(made, workspace):
    return foreign(made / "embedder", lambda: embedding(workspace, 300, epochs=20, learningRate=0.003, tokenizer="bpe"))


def classifier(made, workspace):
    return foreign(made / "classifier", lambda: texts(workspace, "text-classification", opinions(100), epochs=1))


def of_images(made, workspace):
    def space():
        options = {"epochs": 1, "channels": 4, "layers": 1}
        images = workspace(recipe={"name": "image-classification", "options": options})
        images.data("train", digits(60), "images.npz")
        return images

    return foreign(made / "images", space)


def said(folder, output, *sides):
    """What a model says of texts, read by its own files."""
    given = find_model(folder, "the model")
    session = open_session(given.model, "it")
    return run_all(session, len(sides[0]), token_batch(given, session, *map(list, sides)), output)


def vectors(folder):
    found = said(folder, "sentence_embedding", [*QUERIES, *PASSAGES])
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def likeness(folder):
    found = vectors(folder)
    return (found @ found.T)[np.triu_indices(len(found), 1)]


def trained(space, teacher=None):
    """The model of a student, with a teacher or alone."""
    if teacher is not None:
        teach(space, teacher)
    space.run("train")
    return space.root / "output"


def test_a_ranker_scores_as_its_teacher_does(workspace, made):
    teacher = ranker(made, workspace)
    alone = trained(ranking(workspace, 60, seed=9, **LONGER))
    space = ranking(workspace, 60, seed=9, **LONGER, alpha=0.9)
    taught = trained(space, teacher)
    wanted, without, found = (said(folder, "logits", QUERIES, PASSAGES)[:, 0] for folder in (teacher, alone, taught))
    assert ((found - wanted) ** 2).mean() < 0.25 * ((without - wanted) ** 2).mean()
    card = (taught / "card.md").read_text()
    assert re.search(
        r"Learned from a teacher that ranks the training rows with an NDCG of 0\.\d{3} \(alpha 0\.9\)", card
    )
    assert re.search(r"Learned from the teacher Model `sha256:[0-9a-f]{64}`", card)
    assert set(space.json("output/metrics.json")) >= {"ndcg", "mrr", "map", "val_loss", "val_ndcg"}
    assert set(np.load(taught / "held-out.npz")) == {
        "input_ids",
        "attention_mask",
        "token_type_ids",
        "labels",
        "groups",
    }
    space.run("convert")
    verify(space, "text-ranking")


def test_embeddings_lie_where_those_of_the_teacher_lie(workspace, made):
    teacher = embedder(made, workspace)
    alone = trained(embedding(workspace, 120, seed=9, **LONGER))
    space = embedding(workspace, 120, seed=9, **LONGER, alpha=0.9)
    taught = trained(space, teacher)
    wanted, without, found = (vectors(folder) for folder in (teacher, alone, taught))
    assert (found * wanted).sum(1).mean() > (without * wanted).sum(1).mean() + 0.3
    card = (taught / "card.md").read_text()
    assert "Learned from a teacher whose 32 numbers" in card
    assert re.search(r"Learned from the teacher Model `sha256:[0-9a-f]{64}`", card)
    measured = [json.loads((folder / "metrics.json").read_text())["val_loss"] for folder in (alone, taught)]
    assert measured[1] < measured[0]
    assert {"recallAt1", "meanCosine", "val_loss"} <= set(space.json("output/metrics.json"))
    space.run("convert")
    verify(space, "feature-extraction")


def test_smaller_embeddings_are_alike_where_those_of_the_teacher_are(workspace, made):
    teacher = embedder(made, workspace)
    alone = trained(embedding(workspace, 120, seed=9, **LONGER, hidden=16))
    taught = trained(embedding(workspace, 120, seed=9, **LONGER, hidden=16, alpha=0.9), teacher)
    wanted, without, found = (likeness(folder) for folder in (teacher, alone, taught))
    assert vectors(taught).shape[1] == 16
    assert ((found - wanted) ** 2).mean() < 0.5 * ((without - wanted) ** 2).mean()


def test_probabilities_teach_as_their_logits_do(workspace, made, tmp_path):
    teacher = shutil.copytree(ranker(made, workspace), tmp_path / "probable")
    model = onnx.load(teacher / "model.onnx")
    model.graph.node.append(helper.make_node("Sigmoid", ["logits"], ["scores"]))
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 1]))
    onnx.save(model, teacher / "model.onnx")
    both = (ranker(made, workspace), teacher)
    first, second = (trained(ranking(workspace, 20, epochs=1, alpha=1), one) for one in both)
    np.testing.assert_allclose(*(said(one, "logits", QUERIES, PASSAGES) for one in (first, second)), atol=1e-3)


def test_a_base_model_and_a_teacher_go_together(workspace, made):
    for make, model in ((ranking, ranker), (embedding, embedder)):
        space = give(make(workspace, 30, epochs=2), model(made, workspace), "base-model")
        taught = trained(space, model(made, workspace))
        card = (taught / "card.md").read_text()
        assert "features of the base model" in card
        assert "Learned from a teacher" in card


TAUGHT = [(ranking, ranker), (embedding, embedder)]


@pytest.mark.parametrize(("make", "model"), TAUGHT)
def test_the_same_seed_gives_the_same_bytes(workspace, made, make, model):
    spaces = [make(workspace, 30, epochs=2) for _ in range(2)]
    for space in spaces:
        trained(space, model(made, workspace))
    assert spaces[0].bytes("output") == spaces[1].bytes("output")


@pytest.mark.parametrize(("make", "model"), TAUGHT)
def test_two_workers_learn_from_one_teacher(workspace, made, make, model):
    space = teach(make(workspace, 30, epochs=2), model(made, workspace))
    group = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    for process in [start(space, RANK=str(rank), **group) for rank in range(2)]:
        finish(process)
    first, second = (json.loads((space.root / f"termination-{rank}").read_text()) for rank in range(2))
    assert first["metrics"] == second["metrics"]
    assert "Learned from a teacher" in (space.root / "output/card.md").read_text()


@pytest.mark.parametrize(
    ("make", "model", "says"),
    [
        (ranking, embedder, "of the shape [2, "),
        (ranking, classifier, "answers 2 pairs with logits of the shape [2, 2]"),
        (ranking, of_images, "has the inputs pixel_values; it must take tokens"),
        (embedding, ranker, "gives logits; a teacher of embeddings gives vectors"),
        (embedding, classifier, "Name a Model of the task feature-extraction"),
        (embedding, of_images, "has the inputs pixel_values; it must take tokens"),
    ],
)
def test_a_teacher_of_another_task_is_refused(workspace, made, make, model, says):
    report = teach(make(workspace, 30), model(made, workspace)).refused("train")
    assert report["reason"] == "RecipeInvalid"
    assert report["message"].startswith("spec.teacherModel ")
    assert says in report["message"]


def without_tokenizer(folder):
    (folder / "tokenizer.json").unlink()


@pytest.mark.parametrize(("make", "model"), TAUGHT)
@pytest.mark.parametrize(("spoil", "says"), [(without_tokenizer, "no tokenizer.json"), (without_numbers, "no numbers")])
def test_a_spoilt_teacher_is_refused(workspace, made, tmp_path, make, model, spoil, says):
    teacher = shutil.copytree(model(made, workspace), tmp_path / "spoilt")
    spoil(teacher)
    report = teach(make(workspace, 30), teacher).refused("train")
    assert report["reason"] == "RecipeInvalid"
    assert report["message"].startswith("spec.teacherModel ")
    assert says in report["message"]
