"""Models in the formats of their toolkits, answering with the names of their task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from aimass_toolkit.evaluate.native import load_predictor, recognise
from aimass_toolkit.evaluate.native.answers import name_answers
from aimass_toolkit.stage.report import StageError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))
CLASSES = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5)
NUMBERS = X @ np.array([1.0, -2.0, 0.5])
CLASSIFICATION, REGRESSION = "tabular-classification", "tabular-regression"


def test_a_classifier_of_scikit_learn_answers_with_places_and_probabilities(tmp_path: Path) -> None:
    model = LogisticRegression().fit(X, np.array(["a", "b", "c"])[CLASSES])
    joblib.dump(model, tmp_path / "model.joblib")
    predictor = load_predictor(tmp_path, CLASSIFICATION)
    answers = predictor.predict({"features": X})
    assert (predictor.kind, predictor.classes, predictor.width) == ("sklearn", ("a", "b", "c"), 3)
    np.testing.assert_array_equal(answers["label"], answers["probabilities"].argmax(axis=1))
    np.testing.assert_array_equal(np.array(["a", "b", "c"])[answers["label"]], model.predict(X))


def test_columns_are_found_by_name_whatever_their_order(tmp_path: Path) -> None:
    import pandas as pd

    table = pd.DataFrame(X, columns=["one", "two", "three"])
    joblib.dump(LinearRegression().fit(table, NUMBERS), tmp_path / "model.joblib")
    predictor = load_predictor(tmp_path, REGRESSION)
    assert predictor.columns == ("one", "two", "three")
    shuffled = {name: table[name].to_numpy() for name in ("three", "one", "two")}
    np.testing.assert_allclose(predictor.predict(shuffled)["prediction"], NUMBERS)
    np.testing.assert_allclose(predictor.predict({"features": X})["prediction"], NUMBERS)


def test_a_pipeline_takes_texts(tmp_path: Path) -> None:
    import pandas as pd

    table = pd.DataFrame({"colour": ["red", "blue"] * 10})
    joblib.dump(make_pipeline(OneHotEncoder(), LogisticRegression()).fit(table, [0, 1] * 10), tmp_path / "model.joblib")
    answers = load_predictor(tmp_path, CLASSIFICATION).predict({"colour": np.array(["blue", "red"], dtype=object)})
    assert answers["label"].tolist() == [1, 0]


@pytest.mark.parametrize("objective", ["binary", "multiclass", "regression", "lambdarank"])
def test_lightgbm_answers_by_its_objective(tmp_path: Path, objective: str) -> None:
    import lightgbm

    target = {"binary": CLASSES > 0, "multiclass": CLASSES, "regression": NUMBERS, "lambdarank": CLASSES}[objective]
    group = [20] * 4 if objective == "lambdarank" else None
    settings = {"objective": objective, "verbose": -1, "num_class": 3 if objective == "multiclass" else 1}
    booster = lightgbm.train(settings, lightgbm.Dataset(X, target, group=group), 5)
    booster.save_model(tmp_path / "model.txt")
    answers = load_predictor(tmp_path, CLASSIFICATION).predict({"features": X})
    if objective in ("binary", "multiclass"):
        assert answers["probabilities"].shape == (80, 2 if objective == "binary" else 3)
        np.testing.assert_allclose(answers["probabilities"].sum(axis=1), 1)
        assert (answers["label"] == target).mean() > 0.6
    else:
        np.testing.assert_allclose(answers["prediction" if objective == "regression" else "scores"], booster.predict(X))


@pytest.mark.parametrize("objective", ["binary:logistic", "multi:softprob", "multi:softmax", "reg:squarederror"])
@pytest.mark.parametrize("name", ["model.json", "model.ubj"])
def test_xgboost_answers_by_its_objective(tmp_path: Path, objective: str, name: str) -> None:
    import xgboost

    target: Any = {"b": CLASSES > 0, "m": CLASSES, "r": NUMBERS}[objective[0]]
    settings = {"objective": objective, **({"num_class": 3} if objective[0] == "m" else {})}
    booster = xgboost.train(settings, xgboost.DMatrix(X, target, feature_names=["a", "b", "c"]), 5)
    booster.save_model(tmp_path / name)
    predictor = load_predictor(tmp_path, CLASSIFICATION)
    answers = predictor.predict({"features": X})
    assert predictor.columns == ("a", "b", "c")
    if objective[0] == "r":
        assert answers["prediction"].shape == (80,)
    else:
        np.testing.assert_allclose(answers["probabilities"].sum(axis=1), 1, rtol=1e-5)
        assert (answers["label"] == target).mean() > 0.6


def graph(path: Path, outputs: list[str]) -> None:
    """An ONNX graph that gives its input back under other names."""
    info = helper.make_tensor_value_info
    nodes = [helper.make_node("Identity", ["x"], [name]) for name in outputs]
    values = [info(name, TensorProto.FLOAT, ["n", 3]) for name in outputs]
    made = helper.make_graph(nodes, "g", [info("x", TensorProto.FLOAT, ["n", 3])], values)
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def test_onnx_takes_its_input_by_name_alone_or_column_by_column(tmp_path: Path) -> None:
    graph(tmp_path / "model.onnx", ["logits"])
    predictor = load_predictor(tmp_path, "image-classification")
    assert (predictor.kind, predictor.inputs, predictor.width) == ("onnx", ("x",), 3)
    for arrays in ({"x": X}, {"features": X}, {"a": X[:, 0], "b": X[:, 1], "c": X[:, 2]}):
        answers = predictor.predict(arrays)
        np.testing.assert_allclose(answers["logits"], X, rtol=1e-6)
        np.testing.assert_array_equal(answers["label"], X.argmax(axis=1))
    with pytest.raises(StageError, match="takes the inputs x, and the data has y, z"):
        predictor.predict({"y": X, "z": X})


def test_torchscript_takes_arguments_by_name(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")

    class Net(torch.nn.Module):  # type: ignore[name-defined, misc]
        def forward(self, pixels: Any, mask: Any) -> Any:
            return pixels * mask

    traced = torch.jit.trace(Net(), (torch.zeros(2, 3), torch.zeros(2, 3)))
    traced.save(str(tmp_path / "model.pt"))
    predictor = load_predictor(tmp_path, "image-classification")
    assert predictor.inputs == ("pixels", "mask")
    answers = predictor.predict({"mask": np.ones_like(X), "pixels": X})
    np.testing.assert_allclose(answers["logits"], X, rtol=1e-6)


@pytest.mark.parametrize("name", ["model.onnx", "model.joblib", "model.txt", "model.json", "model.ubj"])
def test_a_file_that_is_not_what_its_name_says(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"this is no model")
    with pytest.raises(StageError, match=f"{name} is not a model of the format") as caught:
        load_predictor(tmp_path, CLASSIFICATION)
    assert caught.value.reason == "OutputInvalid"
    assert str(tmp_path) not in caught.value.message


def test_a_joblib_file_that_holds_something_else(tmp_path: Path) -> None:
    joblib.dump([1, 2], tmp_path / "model.joblib")
    with pytest.raises(StageError, match="holds a list, which has no predict"):
        load_predictor(tmp_path, CLASSIFICATION)


def test_no_model_at_all(tmp_path: Path) -> None:
    with pytest.raises(StageError) as caught:
        load_predictor(tmp_path, CLASSIFICATION)
    assert caught.value.reason == "OutputMissing"
    (tmp_path / "weights.bin").write_bytes(b"1")
    with pytest.raises(StageError, match=r"model\.onnx, model\.joblib") as caught:
        load_predictor(tmp_path, CLASSIFICATION)
    assert caught.value.reason == "ModelNotRecognised"
    assert recognise(tmp_path) is None


def test_a_table_of_another_width_is_refused(tmp_path: Path) -> None:
    joblib.dump(LinearRegression().fit(X, NUMBERS), tmp_path / "model.joblib")
    with pytest.raises(StageError, match="takes 3 columns, and the data has 2"):
        load_predictor(tmp_path, REGRESSION).predict({"features": X[:, :2]})


@pytest.mark.parametrize(
    ("task", "outputs", "name", "want"),
    [
        (CLASSIFICATION, {"o": np.array([[0.25, 0.75]])}, "probabilities", [[0.25, 0.75]]),
        (CLASSIFICATION, {"o": np.array([[-1.0, 2.0]])}, "logits", [[-1.0, 2.0]]),
        (CLASSIFICATION, {"o": np.array([[0.75]])}, "probabilities", [[0.25, 0.75]]),
        (CLASSIFICATION, {"o": np.array([[3.0]])}, "logits", [[0.0, 3.0]]),
        (CLASSIFICATION, {"label": np.array([1])}, "label", [1]),
        (REGRESSION, {"count": np.array([1]), "y": np.array([[2.5]])}, "prediction", [[2.5]]),
        ("text-ranking", {"logits": np.array([[1.0, 3.0]])}, "scores", [2.0]),
        ("text-ranking", {"logits": np.array([[3.0]])}, "scores", [3.0]),
        ("feature-extraction", {"last_hidden_state": np.array([[[1.0], [3.0], [99.0]]])}, "embeddings", [[2.0]]),
        ("custom", {"anything": np.array([7])}, "anything", [7]),
    ],
)
def test_outputs_get_the_names_of_the_task(task: str, outputs: dict[str, Any], name: str, want: Any) -> None:
    answers = name_answers(task, outputs, {"attention_mask": np.array([[1, 1, 0]])})
    np.testing.assert_allclose(answers[name], want)


def test_a_model_of_another_task_is_refused() -> None:
    with pytest.raises(StageError, match="A model for tabular-regression gives an output of floats; this one gives n"):
        name_answers(REGRESSION, {"n": np.array([1])}, {})
