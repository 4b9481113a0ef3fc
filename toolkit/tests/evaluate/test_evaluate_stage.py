"""The stage evaluate in a work space of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto, helper, save
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, root_mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from aimass_toolkit import evaluate as role
from aimass_toolkit.evaluate.stage import evaluate
from aimass_toolkit.prepare.table import prepare_table
from aimass_toolkit.stage.document import Document, Paths, parse_document
from aimass_toolkit.stage.prepared import read_prepared
from aimass_toolkit.stage.report import StageError

CLASSIFICATION, REGRESSION = "tabular-classification", "tabular-regression"


class Space:
    """A work space, and the document of its job."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "output").mkdir()
        self.spec: dict[str, Any] = {"task": CLASSIFICATION}

    def document(self, **spec: Any) -> Document:
        self.spec.update(spec)
        return parse_document(self.spec, Paths(self.root))

    def data(self, name: str, table: pd.DataFrame) -> None:
        (self.root / "data" / name).mkdir(parents=True)
        table.to_csv(self.root / "data" / name / "rows.csv", index=False)

    def output(self, name: str, content: Any) -> None:
        (self.root / "output" / name).write_text(json.dumps(content))

    def evaluated(self) -> dict[str, Any]:
        return json.loads((self.root / "evaluated" / "metrics.json").read_text())


@pytest.fixture
def space(tmp_path: Path) -> Space:
    return Space(tmp_path)


def prepared(space: Space, table: pd.DataFrame, task: str) -> Any:
    """Prepares a table with the real stage; gives what it left."""
    space.data("train", table)
    prepare_table(space.document(task=task, data=["train"], prepare={"target": "target"}))
    found = read_prepared(space.root / "prepared")
    assert found is not None
    return found


def iris() -> pd.DataFrame:
    table = load_iris(as_frame=True).frame
    table["target"] = np.array(["setosa", "versicolor", "virginica"])[table["target"]]
    return table


def test_a_prepared_table_is_measured_on_its_test_part(space: Space) -> None:
    part = prepared(space, iris(), CLASSIFICATION)
    model = LogisticRegression(max_iter=1000).fit(*part.part("train"))
    joblib.dump(model, space.root / "output" / "model.joblib")
    result = evaluate(space.document(evaluation={"thresholds": [{"metric": "accuracy", "min": 0.8}]}))
    rows, truth = part.part("test")
    assert result["metrics"]["accuracy"] == pytest.approx(accuracy_score(truth, model.predict(rows)))
    assert set(result["metrics"]) == {"accuracy", "f1", "balancedAccuracy", "auc", "logLoss"}
    assert (result["rows"], result["dataset"], result["native"]) == (len(truth), "test", True)
    assert result["thresholds"][0]["passed"]
    assert result["compared"] == {"metric": "accuracy", "value": result["metrics"]["accuracy"], "higherIsBetter": True}
    assert space.evaluated()["metrics"] == pytest.approx(result["metrics"])


def test_a_named_data_set_goes_through_the_same_preparation(space: Space) -> None:
    part = prepared(space, iris(), CLASSIFICATION)
    joblib.dump(LogisticRegression(max_iter=1000).fit(*part.part("train")), space.root / "output" / "model.joblib")
    later = iris().sample(40, random_state=1)
    later.loc[later.index[:3], "target"] = "unheard of"
    space.data("later", later)
    result = evaluate(space.document(evaluation={"data": "later"}))
    assert (result["rows"], result["dataset"]) == (37, "later")
    assert result["metrics"]["accuracy"] > 0.8
    assert result["notes"] == ["3 rows without a target that training knows were left out"]


def test_a_pipeline_of_raw_columns_gets_raw_columns(space: Space) -> None:
    table = pd.DataFrame({"colour": ["red", "blue", "green"] * 40, "size": np.arange(120) * 0.7})
    table["target"] = ["a", "b", "b"] * 40
    prepared(space, table, CLASSIFICATION)
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    joblib.dump(
        model.fit(table[["colour"]], (table["target"] == "b").astype(int)), space.root / "output" / "model.joblib"
    )
    assert evaluate(space.document(evaluation={}))["metrics"]["accuracy"] == 1


def test_regression_below_its_threshold_says_by_how_much(space: Space) -> None:
    part = prepared(space, load_diabetes(as_frame=True).frame, REGRESSION)
    model = Ridge().fit(*part.part("train"))
    joblib.dump(model, space.root / "output" / "model.joblib")
    rows, truth = part.part("test")
    value = root_mean_squared_error(truth, model.predict(rows))
    with pytest.raises(StageError) as caught:
        evaluate(
            space.document(evaluation={"thresholds": [{"metric": "rmse", "max": 10}, {"metric": "r2", "min": 0.1}]})
        )
    assert caught.value.reason == "ThresholdNotMet"
    assert f"rmse is {value:.6g}, {value - 10:.3g} above the wanted 10" in caught.value.message
    assert f"on {len(truth)} rows of test" in caught.value.message
    assert [one["passed"] for one in caught.value.details["thresholds"]] == [False, True]
    assert len(caught.value.details["failed"]) == 1
    assert space.evaluated()["metrics"]["rmse"] == pytest.approx(value)


def identity_model(path: Path, name: str, shape: list[Any], kind: int = TensorProto.FLOAT) -> None:
    """A graph that gives its only input back as logits."""
    info = helper.make_tensor_value_info
    nodes = [helper.make_node("Cast", [name], ["logits"], to=TensorProto.FLOAT)]
    graph = helper.make_graph(nodes, "g", [info(name, kind, shape)], [info("logits", TensorProto.FLOAT, shape)])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


@pytest.mark.parametrize("first", ["batch", 1, 4])
def test_what_training_held_back_is_measured_batch_by_batch(space: Space, first: Any) -> None:
    identity_model(space.root / "output" / "model.onnx", "pixel_values", [first, 3])
    rows = np.random.default_rng(0).normal(size=(2001, 3)).astype(np.float32)
    labels = rows.argmax(axis=1)
    labels[:201] = (labels[:201] + 1) % 3
    np.savez(space.root / "output" / "held-out.npz", pixel_values=rows, labels=labels)
    result = evaluate(space.document(task="image-classification", evaluation={}))
    assert result["metrics"]["accuracy"] == pytest.approx(1800 / 2001)
    assert (result["rows"], result["dataset"]) == (2001, "held-out.npz")


def test_the_data_set_of_a_recipe_is_what_the_recipe_made_of_it(space: Space) -> None:
    identity_model(space.root / "output" / "model.onnx", "input_ids", ["batch", 2], TensorProto.INT64)
    np.savez(space.root / "output" / "held-out.npz", input_ids=[[1, 0], [0, 1]], labels=[0, 1])
    space.data("judge", pd.DataFrame({"text": ["a", "b"], "label": ["x", "y"]}))
    spec = {"recipe": {"name": "text-classification"}, "evaluation": {"data": "judge"}, "task": "text-classification"}
    result = evaluate(space.document(**spec))
    assert (result["dataset"], result["metrics"]["accuracy"]) == ("judge", 1)


def test_pairs_and_groups(space: Space) -> None:
    identity_model(space.root / "output" / "model.onnx", "input_ids", ["batch", 2], TensorProto.INT64)
    pairs = {"a.input_ids": [[1, 0], [0, 1]], "b.input_ids": [[5, 1], [1, 5]]}
    np.savez(space.root / "output" / "held-out.npz", **pairs)
    result = evaluate(space.document(task="feature-extraction", evaluation={}))
    assert result["metrics"]["recallAt1"] == 1
    np.savez(space.root / "output" / "held-out.npz", input_ids=[[0, 3], [0, 1]], labels=[1, 0], groups=[0, 0])
    assert evaluate(space.document(task="text-ranking"))["metrics"] == pytest.approx({"ndcg": 1, "mrr": 1, "map": 1})


def test_labels_are_told_by_name(space: Space) -> None:
    table = iris()
    names = list(table.columns[:4])
    joblib.dump(
        LogisticRegression(max_iter=1000).fit(table[names], table["target"]), space.root / "output" / "model.joblib"
    )
    space.data("judge", table[[*reversed(names), "target"]])
    assert evaluate(space.document(evaluation={"data": "judge"}))["metrics"]["accuracy"] > 0.9
    table["target"] = "tulip"
    space.data("other", table)
    with pytest.raises(StageError, match='label "tulip"; the classes of the model are setosa, versicolor, virginica'):
        evaluate(space.document(evaluation={"data": "other"}))


def test_a_program_that_measures_itself_is_believed(space: Space) -> None:
    space.output("metrics.json", {"bleu": 31.5, "note": "text", "val_loss": 0.5})
    result = evaluate(
        space.document(task="custom", evaluation={"thresholds": [{"metric": "bleu", "min": 30}], "metric": "bleu"})
    )
    assert result["metrics"] == {"bleu": 31.5, "val_loss": 0.5}
    assert (result["native"], result["notes"]) == (False, ["reported by the program"])
    with pytest.raises(StageError, match=r"val_loss is 0.5, 0.4 above the wanted 0.1 \(as the program reports\)"):
        evaluate(space.document(evaluation={"thresholds": [{"metric": "val_loss", "max": 0.1}]}))


def test_reported_metrics_stand_beside_measured_ones(space: Space) -> None:
    identity_model(space.root / "output" / "model.onnx", "x", ["batch", 2])
    np.savez(space.root / "output" / "held-out.npz", x=np.eye(2, dtype=np.float32), labels=[0, 1])
    space.output("metrics.json", {"accuracy": 0.1, "latency": 3})
    result = evaluate(space.document(evaluation={"thresholds": [{"metric": "latency", "max": 5}]}))
    assert (result["metrics"]["accuracy"], result["metrics"]["latency"]) == (1, 3)
    assert result["notes"] == ["reported by the program: latency"]


@pytest.mark.parametrize("metric", ["NaN", "Infinity"])
def test_what_is_no_number_meets_no_threshold(space: Space, metric: str) -> None:
    (space.root / "output" / "metrics.json").write_text(f'{{"score": {metric}}}')
    with pytest.raises(StageError, match="score is no finite number, wanted is at least 0") as caught:
        evaluate(space.document(task="custom", evaluation={"thresholds": [{"metric": "score", "min": 0}]}))
    assert caught.value.reason == "ThresholdNotMet"


@pytest.mark.parametrize(
    ("spec", "reason", "says"),
    [
        ({"evaluation": {"thresholds": [{"metric": "bleu", "min": 1}]}}, "MetricUnknown", "there are accuracy, f1"),
        ({"evaluation": {"metric": "rmse"}}, "MetricUnknown", "spec.evaluation.metric"),
        (
            {"evaluation": {"thresholds": [{"metric": "auc", "min": 1}]}},
            "MetricUnknown",
            "cannot be told from this data",
        ),
        ({"evaluation": {"data": "later"}}, "DataMissing", '"later"'),
        ({"evaluation": {"data": "later"}, "task": "custom"}, "MetricUnknown", "metrics.json"),
        ({"task": "tabular-regression"}, "OutputInvalid", "Correct spec.task|does not answer"),
    ],
)
def test_what_cannot_be_judged_is_refused(space: Space, spec: dict[str, Any], reason: str, says: str) -> None:
    info = helper.make_tensor_value_info
    nodes = [helper.make_node("ArgMax", ["x"], ["label"], axis=1, keepdims=0)]
    values = [info("x", TensorProto.FLOAT, ["n", 2])], [info("label", TensorProto.INT64, ["n"])]
    model = helper.make_model(
        helper.make_graph(nodes, "g", *values), opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    save(model, space.root / "output" / "model.onnx")
    np.savez(space.root / "output" / "held-out.npz", x=np.eye(2, dtype=np.float32), labels=[0, 1])
    with pytest.raises(StageError, match=says) as caught:
        evaluate(space.document(**spec))
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("arrays", "reason", "says"),
    [
        ({"x": np.eye(2)}, "EvaluationDataMissing", "no labels"),
        ({"x": np.eye(2), "labels": [0]}, "DataInvalid", r"differ in rows \(x 2, labels 1\)"),
        ({"x": np.zeros((0, 2)), "labels": []}, "DataEmpty", "no rows"),
        ({"x": np.eye(2), "labels": np.array(["a", "b"])}, "DataInvalid", "none that it tells"),
        ({"x": np.eye(2), "labels": np.array([0, {}], dtype=object)}, "DataInvalid", "cannot be read"),
        ({"y": np.eye(2), "z": np.eye(2), "labels": [0, 1]}, "OutputInvalid", "takes the inputs x"),
        ({"x": np.eye(3), "labels": [0, 1, 2]}, "OutputInvalid", "does not answer"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(space: Space, arrays: dict[str, Any], reason: str, says: str) -> None:
    identity_model(space.root / "output" / "model.onnx", "x", ["batch", 2])
    np.savez(space.root / "output" / "held-out.npz", **arrays)
    with pytest.raises(StageError, match=says) as caught:
        evaluate(space.document(evaluation={}))
    assert caught.value.reason == reason
    assert str(space.root) not in caught.value.message


def test_nothing_to_measure_by(space: Space) -> None:
    identity_model(space.root / "output" / "model.onnx", "x", ["batch", 2])
    with pytest.raises(StageError, match=r"give spec\.evaluation\.data") as caught:
        evaluate(space.document(evaluation={}))
    assert caught.value.reason == "EvaluationDataMissing"
    assert evaluate(space.document(evaluation=None))["metrics"] == {}


def test_the_output_of_lost_trials_is_removed(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    space.output("metrics.json", {"score": 1})
    for name in ("0", "7", "12", "notes"):
        (space.root / "trials" / name / "output").mkdir(parents=True)
    (space.root / "elsewhere").mkdir()
    (space.root / "trials" / "3").symlink_to(space.root / "elsewhere")
    monkeypatch.setenv("AIMASS_KEEP_TRIAL", "7")
    result = evaluate(space.document(task="custom"))
    assert sorted(one.name for one in (space.root / "trials").iterdir()) == ["3", "7", "notes"]
    assert (space.root / "elsewhere").is_dir()
    assert result["notes"] == ["reported by the program", "removed the output of 2 other trials"]


def test_the_role_reports_to_the_operator(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    space.output("metrics.json", {"score": 1})
    spec = {"task": "custom", "evaluation": {"thresholds": [{"metric": "score", "min": 2}]}}
    monkeypatch.setenv("AIMASS_SPEC", json.dumps(spec))
    monkeypatch.setenv("AIMASS_ROOT", str(space.root))
    monkeypatch.setenv("AIMASS_TERMINATION_LOG", str(space.root / "termination"))
    assert role.main([]) == 2
    report = json.loads((space.root / "termination").read_text())
    assert (report["ok"], report["reason"], report["failed"]) == (
        False,
        "ThresholdNotMet",
        ["score is 1, 1 below the wanted 2"],
    )
