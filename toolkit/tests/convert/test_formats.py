"""Models as programs of others leave them: each format, named and proven, and what is refused."""

import json

import joblib
import lightgbm
import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
import xgboost
from sklearn import datasets
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from aimass_toolkit.stage.prepared import read_prepared

CLASSIFICATION, REGRESSION = "tabular-classification", "tabular-regression"
IRIS = datasets.load_iris()
X = IRIS.data.astype(np.float32)
SPECIES = IRIS.target_names[IRIS.target]


def space_with(workspace, write, task=CLASSIFICATION, examples=X, **document):
    space = workspace(task=task, **document)
    output = space.root / "output"
    output.mkdir()
    if examples is not None:
        np.savez(output / "examples.npz", x=examples)
    write(output)
    return space


def run(space, **inputs):
    session = onnxruntime.InferenceSession(space.root / "converted/model.onnx")
    given = inputs or {session.get_inputs()[0].name: X}
    return dict(zip([one.name for one in session.get_outputs()], session.run(None, given), strict=True))


def dump(model):
    return lambda output: joblib.dump(model, output / "model.joblib")


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(max_iter=500),
        make_pipeline(StandardScaler(), SVC(random_state=0)),
        xgboost.XGBClassifier(n_estimators=10),
        lightgbm.LGBMClassifier(n_estimators=10, verbosity=-1),
        RidgeClassifier(),
    ],
    ids=lambda model: type(model).__name__,
)
def test_an_estimator_of_a_program(workspace, model):
    space = space_with(workspace, dump(model.fit(X, IRIS.target)))
    report = space.run("convert")
    assert report["from"] == "sklearn"
    assert report["rows"] == "rows of examples.npz"
    assert report["preparation"] is False
    assert (run(space)["label"] == model.predict(X)).all()
    assert space.json("converted/golden.json")["examples"]


def test_classes_that_are_texts_are_places_with_names(workspace):
    model = LogisticRegression(max_iter=500).fit(X, SPECIES)
    space = space_with(workspace, dump(model))
    space.run("convert")
    names = space.json("converted/config.json")["id2label"]
    answers = run(space)
    assert answers["label"].dtype == np.int64
    assert [names[str(place)] for place in answers["label"]] == model.predict(X).tolist()


def test_classes_that_are_other_numbers_are_places_with_names(workspace):
    space = space_with(workspace, dump(LogisticRegression(max_iter=500).fit(X, IRIS.target * 10 + 5)))
    space.run("convert")
    assert space.json("converted/config.json")["id2label"] == {"0": "5", "1": "15", "2": "25"}
    assert set(run(space)["label"]) == {0, 1, 2}


def test_names_of_the_program_stay(workspace):
    def write(output):
        dump(LogisticRegression(max_iter=500).fit(X, IRIS.target))(output)
        (output / "config.json").write_text('{"id2label": {"0": "S", "1": "C", "2": "V"}, "feature_names": ["a"]}')
        (output / "card.md").write_text("my card")
        (output / "tokenizer.json").write_text("{}")

    space = space_with(workspace, write)
    space.run("convert")
    assert space.json("converted/config.json")["id2label"]["1"] == "C"
    assert (space.root / "converted/card.md").read_text() == "my card"
    assert "tokenizer.json" in space.bytes("converted")
    assert "model.joblib" not in space.bytes("converted")


def test_a_pipeline_over_a_table_with_texts_takes_its_columns(workspace):
    frame = pd.DataFrame({"size": X[:, 0], "colour": np.where(X[:, 1] > 3, "red", "blue")})
    encode = make_column_transformer((OneHotEncoder(), ["colour"]), remainder="passthrough")
    model = make_pipeline(encode, LogisticRegression()).fit(frame, IRIS.target)

    def write(output):
        dump(model)(output)
        np.savez(output / "examples.npz", size=X[:, 0], colour=frame["colour"].to_numpy(str))

    space = space_with(workspace, write, examples=None)
    space.run("convert")
    columns = {"size": X[:, :1], "colour": frame[["colour"]].to_numpy(object)}
    assert (run(space, **columns)["label"] == model.predict(frame)).all()


def test_numbers_come_out_as_prediction(workspace):
    for model in (LinearRegression(), KNeighborsRegressor(), xgboost.XGBRegressor(n_estimators=5)):
        space = space_with(workspace, dump(model.fit(X, IRIS.data[:, 3])), REGRESSION)
        space.run("convert")
        assert np.allclose(run(space)["prediction"].reshape(-1), model.predict(X), atol=1e-4)
        assert run(space)["prediction"].shape == (150, 1)


@pytest.mark.parametrize(("objective", "classes"), [("binary", 2), ("multiclass", 3), ("regression", 0)], ids=str)
def test_a_booster_of_lightgbm(workspace, objective, classes):
    target = {2: IRIS.target % 2, 3: IRIS.target, 0: IRIS.data[:, 3]}[classes]
    settings = {"objective": objective, "verbosity": -1, **({"num_class": 3} if classes == 3 else {})}
    booster = lightgbm.train(settings, lightgbm.Dataset(X, target), 10)
    task = CLASSIFICATION if classes else REGRESSION
    space = space_with(workspace, lambda output: booster.save_model(output / "model.txt"), task)
    assert space.run("convert")["from"] == "lightgbm"
    answers, want = run(space), booster.predict(X)
    got = answers["probabilities"] if classes else answers["prediction"].reshape(-1)
    assert np.allclose(got[:, 1] if classes == 2 else got, want, atol=1e-5)


@pytest.mark.parametrize("name", ["model.json", "model.ubj"])
@pytest.mark.parametrize(
    ("objective", "classes"),
    [("binary:logistic", 2), ("multi:softprob", 3), ("reg:squarederror", 0)],
    ids=str,
)
def test_a_booster_of_xgboost(workspace, name, objective, classes):
    target = {2: IRIS.target % 2, 3: IRIS.target, 0: IRIS.data[:, 3]}[classes]
    settings = {"objective": objective, **({"num_class": 3} if classes == 3 else {})}
    data = xgboost.DMatrix(X, target, feature_names=["a", "b", "c", "d"])
    booster = xgboost.train(settings, data, 10)
    task = CLASSIFICATION if classes else REGRESSION
    space = space_with(workspace, lambda output: booster.save_model(output / name), task)
    assert space.run("convert")["from"] == "xgboost"
    answers, want = run(space), booster.predict(data)
    got = answers["probabilities"] if classes else answers["prediction"].reshape(-1)
    assert np.allclose(got[:, 1] if classes == 2 else got, want, atol=1e-5)


def softmax_graph(width=4):
    weights = np.random.default_rng(0).normal(size=(width, 3)).astype(np.float32)
    return onnx.helper.make_model(
        onnx.helper.make_graph(
            [
                onnx.helper.make_node("MatMul", ["x", "w"], ["logits"]),
                onnx.helper.make_node("Softmax", ["logits"], ["probabilities"]),
            ],
            "mine",
            [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", width])],
            [onnx.helper.make_tensor_value_info("probabilities", onnx.TensorProto.FLOAT, ["n", 3])],
            [onnx.numpy_helper.from_array(weights, "w")],
        ),
        opset_imports=[onnx.helper.make_opsetid("", 18)],
        ir_version=9,
    )


def test_onnx_is_checked_and_passed_through(workspace):
    model = softmax_graph()
    space = space_with(workspace, lambda output: onnx.save(model, output / "model.onnx"), examples=None)
    report = space.run("convert")
    assert report["from"] == "onnx"
    assert report["rows"] == "rows made up by chance"
    assert report["opset"] == 18
    assert (space.root / "converted/model.onnx").read_bytes() == (space.root / "output/model.onnx").read_bytes()


def test_weights_beside_the_graph_are_put_into_it(workspace):
    def write(output):
        onnx.save(
            softmax_graph(), output / "model.onnx", save_as_external_data=True, location="w.bin", size_threshold=0
        )

    space = space_with(workspace, write)
    space.run("convert")
    assert run(space)["probabilities"].shape == (150, 3)


@pytest.mark.parametrize("kind", ["onnx", "lightgbm", "sklearn on a table"])
def test_a_model_of_a_program_on_prepared_rows_gets_the_preparation(workspace, kind):
    space = workspace(task=CLASSIFICATION, prepare={"target": "target"})
    frame = datasets.load_iris(as_frame=True).frame
    frame["petal"] = np.where(frame["petal length (cm)"] > 3, "long", "short")
    space.data("train", frame)
    space.run("prepare")
    prepared = read_prepared(space.root / "prepared")
    features, classes = prepared.part("train")
    output = space.root / "output"
    output.mkdir()
    if kind == "onnx":
        onnx.save(softmax_graph(6), output / "model.onnx")
    elif kind == "lightgbm":
        settings = {"objective": "multiclass", "num_class": 3, "verbosity": -1}
        lightgbm.train(settings, lightgbm.Dataset(features, classes), 5).save_model(output / "model.txt")
    else:
        table = pd.DataFrame(features, columns=prepared.schema["featureNames"])
        joblib.dump(LogisticRegression(max_iter=500).fit(table, classes), output / "model.joblib")
    report = space.run("convert")
    assert report["preparation"] is True
    assert report["rows"] == "held-out rows (test)"
    session = onnxruntime.InferenceSession(space.root / "converted/model.onnx")
    assert {one.name for one in session.get_inputs()} == {*frame.columns} - {"target"}
    (output / "config.json").write_text(json.dumps({"preprocessing": "included"}))
    np.savez(output / "examples.npz", x=features[:5])
    assert space.run("convert")["preparation"] is False


def text(name, content):
    return lambda output: (output / name).write_text(content)


def half_a_graph(output):
    content = softmax_graph().SerializeToString()
    (output / "model.onnx").write_bytes(content[: len(content) // 2])


BAD = [
    ("nothing", lambda output: None, "OutputMissing", "wrote nothing"),
    ("files that are no model", text("weights.bin", "x"), "ModelNotRecognised", '"weights.bin"'),
    ("a web page", text("model.onnx", "<!DOCTYPE html><html>404"), "OutputInvalid", "model.onnx"),
    ("an empty file", text("model.onnx", ""), "OutputInvalid", "is empty"),
    ("half a graph", half_a_graph, "OutputInvalid", "model.onnx"),
    ("no pickle", text("model.joblib", "hello"), "OutputInvalid", "model.joblib"),
    ("another object", dump({"a": 1}), "OutputInvalid", "dict"),
    ("no booster", text("model.txt", "tree\n"), "OutputInvalid", "model.txt"),
    ("JSON of something else", text("model.json", '{"a": 1}'), "OutputInvalid", "model.json"),
    ("half of Paddle", text("inference.pdmodel", "x"), "OutputInvalid", "inference.pdiparams"),
]


@pytest.mark.parametrize(("write", "reason", "says"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_output_that_is_no_model_is_refused(workspace, write, reason, says):
    space = space_with(workspace, write, examples=None)
    report = space.refused("convert")
    assert report["reason"] == reason
    assert says in report["message"]
    assert not (space.root / "converted").exists()


class Odd(LogisticRegression):
    """An estimator that no converter knows."""


def test_what_no_converter_knows_is_refused_with_its_words(workspace):
    space = space_with(workspace, dump(Odd().fit(X, IRIS.target)))
    report = space.refused("convert")
    assert report["reason"] == "ConversionFailed"
    assert "Odd" in report["message"]


def test_a_difference_is_refused(workspace):
    # The last bits of 64, which 32 do not have, decide.
    far = X + 1e7
    model = make_pipeline(StandardScaler(), LinearRegression()).fit(IRIS.data + 1e7, IRIS.target)
    report = space_with(workspace, dump(model), REGRESSION, (IRIS.data + 1e7)).refused("convert")
    assert report["reason"] == "ConversionMismatch"
    assert "spec.publish.convert" in report["message"]
    assert far.dtype == np.float32


def test_examples_that_cannot_be_are_refused(workspace):
    def write(output):
        dump(LogisticRegression(max_iter=500).fit(X, IRIS.target))(output)
        (output / "examples.npz").write_text("hello")

    report = space_with(workspace, write, examples=None).refused("convert")
    assert report["reason"] == "OutputInvalid"
    assert "examples.npz" in report["message"]


def test_tflite_is_for_tensorflow(workspace):
    space = space_with(workspace, dump(LogisticRegression(max_iter=500).fit(X, IRIS.target)), publish={"tflite": True})
    report = space.refused("convert")
    assert report["reason"] == "ConversionFailed"
    assert "spec.publish.tflite" in report["message"]
