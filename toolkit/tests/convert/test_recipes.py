"""From a raw table to a model that is ready to publish: prepare, train, convert, as processes, on real data."""

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from real_runtime import verify
from sklearn import datasets

from aimass_toolkit.stage.prepared import read_prepared

CLASSIFICATION, REGRESSION = "tabular-classification", "tabular-regression"


def mixed(rows=400, seed=0):
    """Numbers and categories with holes, and a column whose name is that of an output."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": random.normal(40, 12, rows).round(1),
            "income (€)": random.lognormal(10, 0.5, rows).round(),
            "city": random.choice(["Bern", "Lima", "Oslo"], rows),
            "label": random.choice(["a", "b"], rows),
        }
    )
    frame["target"] = np.where((frame["age"] > 40) ^ (frame["city"] == "Bern"), "yes", "no")
    frame["amount"] = frame["age"] * 3 + (frame["city"] == "Oslo") * 50 + random.normal(0, 2, rows)
    frame.loc[random.random(rows) < 0.1, "age"] = np.nan
    frame.loc[random.random(rows) < 0.1, "city"] = None
    return frame


def trained(workspace, task, frame, options, **document):
    recipe = {"name": task, "options": options}
    space = workspace(task=task, recipe=recipe, seed=1, **document)
    space.document.setdefault("prepare", {"target": "target"})
    space.data("train", frame)
    space.run("prepare")
    space.run("train")
    return space


def session_of(space):
    return onnxruntime.InferenceSession(space.root / "converted/model.onnx")


def replayed(space):
    """How far the answers of the file are from golden.json."""
    content, session = space.json("converted/golden.json"), session_of(space)
    kinds = {"FP32": np.float32, "BYTES": object, "INT64": np.int64}
    worst = 0.0
    for example in content["examples"]:
        inputs = {
            one["name"]: np.array(one["data"], dtype=kinds[one["datatype"]]).reshape(one["shape"])
            for one in example["request"]["inputs"]
        }
        names = [one["name"] for one in example["response"]["outputs"]]
        for want, got in zip(example["response"]["outputs"], session.run(names, inputs), strict=True):
            assert list(got.shape) == want["shape"]
            worst = max(worst, float(np.abs(got.reshape(-1) - np.array(want["data"])).max()))
    return worst


def operators(space):
    model = onnx.load(space.root / "converted/model.onnx")
    assert model.ir_version == 8
    assert {one.domain: one.version for one in model.opset_import}[""] == 17
    return {node.op_type for node in model.graph.node}


@pytest.mark.parametrize("model", ["logistic", "randomForest", "gradientBoosting", "lightgbm", "mlp"])
@pytest.mark.parametrize("table", ["numbers", "mixed"])
def test_a_classifier_takes_raw_values(workspace, model, table):
    frame = mixed() if table == "mixed" else datasets.load_iris(as_frame=True).frame
    frame = frame.drop(columns="amount", errors="ignore")
    space = trained(workspace, CLASSIFICATION, frame, {"model": model, "trees": 40, "epochs": 10})
    space.is_process = model == "lightgbm"
    report = space.run("convert")
    assert report["from"] == "sklearn"
    assert report["opset"] == 17
    assert report["largestDifference"] < 1e-4
    assert report["rowsCompared"] > 20
    assert report["rows"] == "held-out rows (test)"
    assert "ArrayFeatureExtractor" not in operators(space)
    session = session_of(space)
    outputs = {one.name: (one.type, one.shape) for one in session.get_outputs()}
    classes = 2 if table == "mixed" else 3
    assert outputs["probabilities"] == ("tensor(float)", ["batch", classes])
    label = "label_output" if table == "mixed" else "label"
    assert outputs[label] == ("tensor(int64)", ["batch"])
    inputs = [one.name for one in session.get_inputs()]
    assert inputs == (["age", "income (€)", "city", "label"] if table == "mixed" else ["features"])
    config = space.json("converted/config.json")
    assert config["feature_names"] == [column for column in frame.columns if column != "target"]
    assert len(config["id2label"]) == classes
    assert replayed(space) < 1e-5
    prepared = read_prepared(space.root / "prepared")
    got = session.run([label], prepared.raw_inputs("test"))[0]
    assert (got == prepared.part("test")[1]).mean() > 0.6


@pytest.mark.parametrize("model", ["ridge", "randomForest", "gradientBoosting", "lightgbm", "mlp"])
def test_a_regressor_takes_raw_values(workspace, model):
    frame = mixed().drop(columns="target")
    options = {"model": model, "trees": 40, "epochs": 10}
    space = trained(workspace, REGRESSION, frame, options, prepare={"target": "amount"})
    report = space.run("convert")
    assert report["largestDifference"] < 1e-4
    outputs = [(one.name, one.shape) for one in session_of(space).get_outputs()]
    assert outputs == [("prediction", ["batch", 1])]
    assert "id2label" not in space.json("converted/config.json")
    assert replayed(space) < 1e-3


def test_the_folder_is_ready_to_publish(workspace):
    card = {"summary": "Who buys.", "license": "Apache-2.0", "tags": ["shop"]}
    frame = mixed().drop(columns="amount")
    space = trained(workspace, CLASSIFICATION, frame, {"model": "logistic"}, card=card)
    space.run("convert")
    assert sorted(space.bytes("converted")) == ["card.md", "config.json", "golden.json", "model.onnx", "report.json"]
    text = (space.root / "converted/card.md").read_text()
    for part in (
        'license: "apache-2.0"',
        'pipeline_tag: "tabular-classification"',
        "Who buys.",
        "sha256:",
        "| val_accuracy |",
        "`city`: string [batch, 1]",
        " train, ",
    ):
        assert part in text
    names = [one["name"] for one in space.json("converted/golden.json")["examples"]]
    assert "missing-category" in names
    assert "batch" in names


def test_the_same_bytes_twice(workspace):
    made = []
    for _ in range(2):
        space = trained(workspace, CLASSIFICATION, mixed().drop(columns="amount"), {"model": "lightgbm", "trees": 20})
        space.is_process = True
        space.run("convert")
        made.append(space.bytes("converted"))
    assert made[0] == made[1]


def test_the_card_tells_the_digest_that_was_recorded_when_the_data_was_fetched(workspace):
    space = trained(workspace, CLASSIFICATION, datasets.load_iris(as_frame=True).frame, {"model": "logistic"})
    (space.root / "data/train/.fetched.json").write_text('{"digest": "sha256:' + "c" * 64 + '"}')
    space.run("convert")
    assert f"sha256:{'c' * 64}" in (space.root / "converted/card.md").read_text()


def test_evaluated_metrics_go_to_the_card(workspace):
    space = trained(workspace, CLASSIFICATION, datasets.load_iris(as_frame=True).frame, {"model": "logistic"})
    (space.root / "evaluated").mkdir()
    (space.root / "evaluated/metrics.json").write_text('{"metrics": {"accuracy": 0.875}, "rows": 16}')
    space.run("convert")
    text = (space.root / "converted/card.md").read_text()
    assert "| accuracy | 0.875 |" in text
    assert "measured on 16 held-out rows" in text


@pytest.mark.parametrize("table", ["numbers", "mixed"])
def test_the_real_runtime_verifies_it(workspace, table):
    frame = mixed().drop(columns="amount") if table == "mixed" else datasets.load_iris(as_frame=True).frame
    space = trained(workspace, CLASSIFICATION, frame, {"model": "lightgbm", "trees": 20})
    space.run("convert")
    verify(space, CLASSIFICATION)
