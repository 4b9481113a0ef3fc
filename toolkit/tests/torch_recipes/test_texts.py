"""The recipes on texts."""

import numpy as np
import pytest
from data_sets import opinions, pairs, rankings, table

from aimass_toolkit.stage.session import Session

SMALL = {"hidden": 64, "layers": 2, "maxLength": 32, "threads": 1}


def text_space(workspace, name, content, file="table.csv", **options):
    space = workspace(recipe={"name": name, "options": {**SMALL, **options}}, seed=1)
    space.data("train", content, file)
    return space


@pytest.mark.parametrize("tokenizer", ["wordpiece", "bpe"])
def test_opinions_are_learned(workspace, tokenizer):
    space = text_space(workspace, "text-classification", opinions(1000), epochs=10, tokenizer=tokenizer)
    report = space.run("train")
    assert report["metrics"]["accuracy"] >= 0.95
    assert space.json("output/tokenizer_config.json")["model_max_length"] == 32
    assert space.json("output/config.json")["id2label"] == {"0": "negative", "1": "positive"}
    rows = dict(np.load(space.root / "output/held-out.npz"))
    labels = rows.pop("labels")
    assert {name: values.dtype for name, values in rows.items()} == {"input_ids": np.int64, "attention_mask": np.int64}
    answers = Session(space.root / "output/model.onnx").run(rows)["logits"].argmax(1)
    assert (answers == labels).mean() == pytest.approx(report["metrics"]["accuracy"])


def test_padding_changes_nothing(workspace):
    space = text_space(workspace, "text-classification", opinions(200), epochs=2)
    space.run("train")
    session = Session(space.root / "output/model.onnx")
    rows = {name: values[:3] for name, values in np.load(space.root / "output/examples.npz").items()}
    padded = {name: np.pad(values, ((0, 0), (0, 9))) for name, values in rows.items()}
    np.testing.assert_allclose(session.run(rows)["logits"], session.run(padded)["logits"], atol=1e-5)


def test_the_same_seed_gives_the_same_bytes(workspace):
    spaces = [text_space(workspace, "text-classification", opinions(200), epochs=2) for _ in range(2)]
    for space in spaces:
        space.run("train")
    first, second = (space.bytes("output") for space in spaces)
    assert first["model.onnx"] == second["model.onnx"]
    assert first["tokenizer.json"] == second["tokenizer.json"]


def test_validation_and_test_entries_are_used(workspace):
    space = text_space(workspace, "text-classification", opinions(200), epochs=1)
    space.data("test", opinions(40, seed=2))
    space.data("validation", opinions(30, seed=3))
    space.run("train")
    assert len(np.load(space.root / "output/held-out.npz")["labels"]) == 40
    assert (
        "200 rows to learn from, 30 to decide when to stop, 40 held out" in (space.root / "output/card.md").read_text()
    )


def test_pairs_are_brought_near(workspace):
    space = text_space(workspace, "feature-extraction", pairs(600), epochs=6)
    report = space.run("train")
    assert report["metrics"]["recallAt1"] > 4 * (1 / 90)
    assert report["metrics"]["meanCosine"] > 0.7
    assert space.json("output/1_Pooling/config.json")["pooling_mode_mean_tokens"] is True
    rows = dict(np.load(space.root / "output/held-out.npz"))
    assert set(rows) == {"a.input_ids", "a.attention_mask", "b.input_ids", "b.attention_mask"}
    vectors = Session(space.root / "output/model.onnx").run(
        {name[2:]: rows[name] for name in rows if name.startswith("a.")}
    )
    assert vectors["sentence_embedding"].shape == (len(rows["a.input_ids"]), 64)


def test_negatives_are_pushed_away(workspace):
    content = pairs(200).replace("text,positive", "text,positive,negative").splitlines()
    rows = [content[0], *(f"{line},something else entirely" for line in content[1:])]
    space = text_space(workspace, "feature-extraction", "\n".join(rows), epochs=1)
    space.run("train")


def test_rankings_are_learned(workspace):
    space = text_space(workspace, "text-ranking", rankings(200), "table.jsonl", epochs=20)
    report = space.run("train")
    assert report["metrics"]["ndcg"] >= 0.85
    rows = dict(np.load(space.root / "output/held-out.npz"))
    assert set(rows) == {"input_ids", "attention_mask", "token_type_ids", "labels", "groups"}


@pytest.mark.parametrize(
    ("name", "content", "reason", "says"),
    [
        ("text-classification", table(["words", "label"], [("a", "x")]), "ColumnMissing", "'text'"),
        ("text-classification", table(["text", "class"], [("a", "x")]), "ColumnMissing", "'label'"),
        ("text-classification", table(["text", "label"], [("", "x"), ("", "y")]), "DataEmpty", "'text'"),
        ("text-classification", table(["text", "label"], [("a", "x"), ("", "y")]), "DataInvalid", "row 2"),
        ("text-classification", table(["text", "label"], [("a", "x"), ("b", "nan")]), "DataInvalid", "no label"),
        ("text-classification", table(["text", "label"], [("a", "x"), ("b", "x")]), "TargetConstant", "'x'"),
        ("text-classification", table(["text", "label"], [("a", "x"), ("b", "y")]), "DataEmpty", "2 rows"),
        ("feature-extraction", table(["text", "label"], [("a", "x")]), "ColumnMissing", "'positive'"),
        ("text-ranking", table(["query", "text", "label"], [("q", "a", 1), ("q", "b", "x")]), "DataInvalid", "'x'"),
        ("text-ranking", table(["query", "text", "label"], [("q", "a", 1), ("q", "b", 1)]), "TargetConstant", "1"),
    ],
)
def test_bad_data_is_refused(workspace, name, content, reason, says):
    report = text_space(workspace, name, content).refused("train")
    assert report["reason"] == reason
    assert says in report["message"]


def test_heads_must_divide_the_width(workspace):
    report = text_space(workspace, "text-classification", opinions(50), heads=5).refused("train")
    assert report["reason"] == "RecipeInvalid"
    assert "heads" in report["message"]
