"""Rankings and embeddings on the features of models of others."""

import json
import shutil

import numpy as np
import onnx
import pytest
from data_sets import digits, opinions, table
from foreign import foreign
from real_runtime import verify
from spaces import embedding, give, ranking, texts

from aimass_toolkit.stage.session import Session

FROZEN = {"learningRate": 1e-9, "epochs": 1, "weightDecay": 0, "dropout": 0}


def ranker(made, workspace):
    return foreign(made / "ranker", lambda: ranking(workspace, 150, epochs=15))


def embedder(made, workspace):
    return foreign(made / "embedder", lambda: embedding(workspace, 300, epochs=4))


def answers(folder, rows, output):
    session = Session(folder / "model.onnx")
    return session.run({name: rows[name] for name in session.inputs})[output]


def held_out(space):
    return dict(np.load(space.root / "output/held-out.npz"))


def test_a_ranking_starts_from_the_own_score_of_a_cross_encoder(workspace, made):
    base = ranker(made, workspace)
    space = give(ranking(workspace, 20, seed=9, **FROZEN), base)
    space.run("train")
    rows = held_out(space)
    before, after = (answers(folder, rows, "logits") for folder in (base, space.root / "output"))
    np.testing.assert_allclose(before, after, atol=1e-3)


def test_few_queries_are_ranked_well_on_a_cross_encoder(workspace, made):
    base = ranker(made, workspace)
    before = give(ranking(workspace, 60, seed=9, **FROZEN), base).run("train")["metrics"]
    scratch = ranking(workspace, 60, seed=9, epochs=10).run("train")["metrics"]
    space = give(ranking(workspace, 60, seed=9, epochs=10), base)
    report = space.run("train")
    assert report["metrics"]["val_loss"] < before["val_loss"], (before, scratch, report)
    assert report["metrics"]["val_ndcg"] > scratch["val_ndcg"], (before, scratch, report)
    card = (space.root / "output/card.md").read_text()
    assert "A dense layer to one score on 129 features of the base model, its own score among them" in card
    assert "Started from the base Model `sha256:" in card
    assert space.json("output/config.json")["id2label"] == {"0": "LABEL_0"}
    assert set(held_out(space)) == {"input_ids", "attention_mask", "token_type_ids", "labels", "groups"}
    assert space.run("evaluate")["metrics"]["ndcg"] == pytest.approx(report["metrics"]["ndcg"], abs=1e-4)
    space.run("convert")
    verify(space, "text-ranking")


def test_a_ranking_on_token_vectors_has_no_own_score(workspace, made):
    space = give(ranking(workspace, 30, epochs=2, learningRate=0.02), embedder(made, workspace))
    space.run("train")
    assert "on 32 features of the base model, which was not" in (space.root / "output/card.md").read_text()


def test_embeddings_start_as_those_of_the_base_model(workspace, made):
    base = embedder(made, workspace)
    space = give(embedding(workspace, 40, seed=9, **FROZEN), base)
    space.run("train")
    rows = {name[2:]: values for name, values in held_out(space).items() if name.startswith("a.")}
    before, after = (answers(folder, rows, "sentence_embedding") for folder in (base, space.root / "output"))
    np.testing.assert_allclose(before, after, atol=1e-4)


def test_embeddings_of_a_base_model_are_brought_near(workspace, made):
    base = foreign(made / "beginner", lambda: embedding(workspace, 40, epochs=1))
    before, after = (
        give(embedding(workspace, 300, seed=9, **options), base).run("train")["metrics"]
        for options in (FROZEN, {"epochs": 10, "learningRate": 0.005})
    )
    assert after["val_loss"] < 0.98 * before["val_loss"], (before, after)
    space = give(embedding(workspace, 100, seed=9, epochs=2), base)
    metrics = space.run("train")["metrics"]
    assert [one["type"][29:] for one in json.loads((space.root / "output/modules.json").read_text())] == [
        "Transformer",
        "Normalize",
    ]
    assert space.run("evaluate")["metrics"]["meanCosine"] == pytest.approx(metrics["meanCosine"], abs=1e-4)
    space.run("convert")
    session = Session(space.root / "converted/model.onnx")
    assert session.output_shapes == {"sentence_embedding": ["batch", 32]}
    verify(space, "feature-extraction")


@pytest.mark.parametrize("way", ["mean", "cls"])
def test_vectors_of_tokens_are_pooled_as_the_model_says(workspace, made, tmp_path, way):
    base = shutil.copytree(embedder(made, workspace), tmp_path / "tokens")
    model = onnx.load(base / "model.onnx")
    del model.graph.output[1]
    onnx.save(model, base / "model.onnx")
    (base / "1_Pooling/config.json").write_text(json.dumps({f"pooling_mode_{way}_token{'s' * (way == 'mean')}": True}))
    space = give(embedding(workspace, 40, **FROZEN), base)
    space.run("train")
    rows = {name[2:]: values for name, values in held_out(space).items() if name.startswith("a.")}
    tokens, mask = answers(base, rows, "last_hidden_state"), rows["attention_mask"][..., None]
    wanted = tokens[:, 0] if way == "cls" else (tokens * mask).sum(1) / mask.sum(1)
    np.testing.assert_allclose(answers(space.root / "output", rows, "sentence_embedding"), wanted, atol=1e-4)


@pytest.mark.parametrize("make", [ranking, embedding])
def test_the_same_seed_gives_the_same_bytes(workspace, made, make):
    spaces = [give(make(workspace, 30, epochs=2), embedder(made, workspace)) for _ in range(2)]
    for space in spaces:
        space.run("train")
    assert spaces[0].bytes("output")["model.onnx"] == spaces[1].bytes("output")["model.onnx"]


@pytest.mark.parametrize("make", [ranking, embedding])
def test_a_model_of_images_is_no_base_for_texts(workspace, made, make):
    images = workspace(recipe={"name": "image-classification", "options": {"epochs": 1, "channels": 4, "layers": 1}})
    images.data("train", digits(60), "images.npz")
    images.run("train")
    report = give(make(workspace, 30), images.root / "output").refused("train")
    assert report["reason"] == "RecipeInvalid"
    assert "pixel_values; it must take tokens" in report["message"]


def test_a_classifier_of_others_reads_pairs_too(workspace, made):
    """Two classes are no score: its features are learned from."""
    base = foreign(made / "classifier", lambda: texts(workspace, "text-classification", opinions(100), epochs=1))
    content = table(["query", "text", "label"], [(f"q{n // 2}", f"t {n}", n % 2) for n in range(40)])
    space = give(texts(workspace, "text-ranking", content, epochs=1), base)
    space.run("train")
    assert "on 32 features" in (space.root / "output/card.md").read_text()
