"""Small models for tables that learn from the answers of large ones."""

import json
import re
import shutil

import joblib
import numpy as np
import onnx
import pandas as pd
import pytest
from real_runtime import verify
from skl2onnx import to_onnx
from sklearn import datasets
from sklearn.ensemble import RandomForestClassifier

from aimass_toolkit.stage.prepared import read_prepared
from aimass_toolkit.stage.session import Session
from aimass_toolkit.train.tabular.distil import mixed_shares, repeated, softened

CLASSIFICATION, REGRESSION = "tabular-classification", "tabular-regression"


def iris(classes=(0, 1, 2)):
    found = datasets.load_iris(as_frame=True)
    frame = found.frame[found.frame["target"].isin(classes)]
    return frame.assign(target=frame["target"].map(dict(enumerate(found.target_names))))


def noisy(rows, seed, wrong):
    """Two moons; of the labels a share is wrong."""
    points, classes = datasets.make_moons(rows, noise=0.15, random_state=seed)
    turned = np.random.default_rng(seed).random(rows) < wrong
    return pd.DataFrame({"x": points[:, 0], "y": points[:, 1], "target": np.where(classes ^ turned, "upper", "lower")})


def waves(rows, seed, noise):
    random = np.random.default_rng(seed)
    x = random.uniform(-3, 3, (rows, 2))
    return pd.DataFrame({"x": x[:, 0], "y": x[:, 1], "target": np.sin(x[:, 0]) + random.normal(0, noise, rows)})


def shops(rows, seed):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": random.normal(40, 12, rows), "city": random.choice(["Bern", "Lima", "Oslo"], rows)})
    frame["target"] = np.where((frame["age"] > 40) ^ (frame["city"] == "Bern"), "yes", "no")
    frame.loc[::9, "city"] = None
    frame.loc[::7, "age"] = np.nan
    return frame


def space_for(workspace, task, frame, document=None, **options):
    recipe = {"name": task, "options": {"target": "target", "trees": 60, "epochs": 30, **options}}
    space = workspace(task=task, recipe=recipe, seed=2, **(document or {}))
    space.data("train", frame)
    space.run("prepare")
    return space


def published(workspace, task, frame, **options):
    """The folder of a Model as it is published."""
    space = space_for(workspace, task, frame, **options)
    space.run("train")
    space.run("convert")
    return space.root / "converted"


def taught(workspace, teacher, task, frame, document=None, **options):
    """A work space that is ready to learn from a teacher."""
    space = space_for(workspace, task, frame, document, **options)
    shutil.copytree(teacher, space.root / "teacher-model")
    return space


def test_a_small_student_learns_what_wrong_labels_hide(workspace):
    """From a raw table to a Model: prepare, train, evaluate, convert, with the teacher named on the card."""
    teacher = published(workspace, CLASSIFICATION, noisy(1500, 1, wrong=0), model="randomForest")
    few = noisy(300, 2, wrong=0.25)
    alone = space_for(workspace, CLASSIFICATION, few, model="lightgbm", trees=20, maxDepth=4, earlyStopping=False)
    options = {"model": "lightgbm", "trees": 20, "maxDepth": 4, "earlyStopping": False, "alpha": 0.9}
    student = taught(workspace, teacher, CLASSIFICATION, few, {"data": []}, **options)
    (student.root / "teacher-model/.fetched.json").write_text('{"digest": "sha256:' + "d" * 64 + '"}')
    for space in (alone, student):
        space.data("test", noisy(400, 3, wrong=0))
        space.run("prepare")
        space.run("train")
    scores = [space.run("evaluate")["metrics"] for space in (alone, student)]
    assert scores[1]["accuracy"] > scores[0]["accuracy"]
    assert scores[1]["logLoss"] < scores[0]["logLoss"]
    student.run("convert")
    assert sorted(student.bytes("converted")) == ["card.md", "config.json", "golden.json", "model.onnx", "report.json"]
    verify(student, CLASSIFICATION)
    card = (student.root / "converted/card.md").read_text()
    assert f"Learned from the teacher Model `sha256:{'d' * 64}`" in card
    assert re.search(r"teacher that answers 7\d\.\d% of the training rows rightly \(temperature 1, alpha 0.9\)", card)
    assert (
        student.json("converted/config.json")["training"]["rows"]
        == read_prepared(student.root / "prepared").schema["rows"]["train"]
    )


@pytest.mark.parametrize("model", ["auto", "logistic", "randomForest", "gradientBoosting", "lightgbm", "mlp"])
def test_every_model_can_be_taught_and_the_same_seed_gives_the_same_bytes(workspace, model):
    teacher = published(workspace, CLASSIFICATION, iris(), model="logistic")
    made = []
    for _ in range(2):
        space = taught(workspace, teacher, CLASSIFICATION, iris(), model=model, alpha=1, trees=20)
        assert space.run("train")["metrics"]["val_accuracy"] > 0.85
        made.append(space.bytes("output"))
    assert made[0] == made[1]


@pytest.mark.parametrize("model", ["auto", "ridge", "gradientBoosting"])
def test_numbers_are_learned_from_a_teacher(workspace, model):
    teacher = published(workspace, REGRESSION, waves(1500, 1, noise=0), model="randomForest")
    errors = []
    for alpha in (0, 0.9):
        space = taught(workspace, teacher, REGRESSION, waves(120, 2, noise=0.8), model=model, alpha=alpha)
        space.run("train")
        clean = waves(500, 3, noise=0)
        shift = Session(read_prepared(space.root / "prepared").preprocessor)
        features = shift.run({"features": clean[["x", "y"]].to_numpy(np.float32)})["prepared"]
        guesses = joblib.load(space.root / "output/model.joblib").predict(features)
        errors.append(float(np.abs(guesses - clean["target"]).mean()))
    assert errors[1] < errors[0]
    assert "off by" in space.json("output/config.json")["training"]["notes"][0]


def test_a_teacher_takes_categories_and_missing_values(workspace):
    teacher = published(workspace, CLASSIFICATION, shops(500, 1), model="randomForest")
    space = taught(workspace, teacher, CLASSIFICATION, shops(120, 2), model="logistic")
    space.run("train")
    note = space.json("output/config.json")["training"]["notes"][0]
    assert float(re.search(r"answers ([\d.]+)%", note)[1]) > 80


def test_a_teacher_may_know_more_classes_and_have_them_in_another_order(workspace):
    teacher = published(workspace, CLASSIFICATION, iris(), model="logistic")
    space = taught(workspace, teacher, CLASSIFICATION, iris((1, 2)), model="logistic", alpha=1)
    assert space.run("train")["metrics"]["val_accuracy"] > 0.8
    swapped = shutil.copytree(published(workspace, CLASSIFICATION, iris((1, 2)), model="logistic"), space.root / "b")
    config = json.loads((swapped / "config.json").read_text())
    (swapped / "config.json").write_text(
        json.dumps({**config, "id2label": dict(enumerate(["virginica", "versicolor"]))})
    )
    wrong = taught(workspace, swapped, CLASSIFICATION, iris((1, 2)), model="logistic", alpha=1)
    assert wrong.run("train")["metrics"]["val_accuracy"] < 0.2


@pytest.mark.parametrize("named", [True, False])
def test_a_teacher_of_prepared_features_is_given_those(workspace, named):
    space = space_for(workspace, CLASSIFICATION, shops(200, 1), model="logistic", alpha=1)
    prepared = read_prepared(space.root / "prepared")
    features, classes = prepared.part("train")
    model, folder = RandomForestClassifier(20, random_state=0).fit(features, classes), space.root / "teacher-model"
    folder.mkdir()
    onnx.save(to_onnx(model, features[:1], options={"zipmap": False}, target_opset=17), folder / "model.onnx")
    names = {"feature_names": prepared.schema["featureNames"]} if named else {}
    (folder / "config.json").write_text(json.dumps({"id2label": dict(enumerate(prepared.labels)), **names}))
    space.run("train")
    note = space.json("output/config.json")["training"]["notes"][0]
    assert float(re.search(r"answers ([\d.]+)%", note)[1]) > 95


def lose(*names):
    def change(config):
        return {name: value for name, value in config.items() if name not in names}

    return change


@pytest.mark.parametrize(
    ("frame", "change", "says"),
    [
        (iris(), lose("id2label"), "none, as its config.json has no id2label"),
        (iris((0, 1)), dict, 'does not know the class "virginica"'),
        (iris().rename(columns={"petal width (cm)": "width"}), dict, 'takes "width"; the prepared table has "sepal'),
        (iris().drop(columns="petal width (cm)"), lose("feature_names"), "takes 3 columns and no feature_names"),
        (
            iris().assign(**{"petal width (cm)": ["big", "small"] * 75}),
            dict,
            'takes texts in the column "petal width (cm)", which is numeric here; set spec.prepare.columns',
        ),
    ],
)
def test_a_teacher_of_another_table_is_refused(workspace, frame, change, says):
    teacher = published(workspace, CLASSIFICATION, frame, model="logistic")
    config = change(json.loads((teacher / "config.json").read_text()))
    (teacher / "config.json").write_text(json.dumps(config))
    report = taught(workspace, teacher, CLASSIFICATION, iris(), model="logistic").refused("train")
    assert report["reason"] == "RecipeInvalid"
    assert report["message"].startswith("spec.teacherModel")
    assert says in report["message"]


def spoil(folder, change):
    model = onnx.load(folder / "model.onnx")
    change(model.graph)
    onnx.save(model, folder / "model.onnx")


def answer_with(kind, **attributes):
    """Makes a graph that gives another figure of its features."""

    def change(graph):
        del graph.node[:]
        graph.node.append(onnx.helper.make_node(kind, ["features"], ["prediction"], **attributes))
        del graph.output[0].type.tensor_type.shape.dim[:]

    return change


@pytest.mark.parametrize(
    ("task", "change", "says"),
    [
        (CLASSIFICATION, lambda graph: graph.output.pop(1), "none of them probabilities; name a Model"),
        (CLASSIFICATION, lambda graph: graph.node.pop(), "cannot be loaded"),
        (REGRESSION, answer_with("Identity"), "gives [2] numbers a row in prediction; name a Model that predicts one"),
        (REGRESSION, answer_with("Gather", axis=1), "cannot be loaded"),
        (REGRESSION, answer_with("ReduceMax", axes=[1]), r"gives no number for \d+ of \d+ training rows"),
    ],
)
def test_a_teacher_with_other_answers_is_refused(workspace, task, change, says):
    frame = iris() if task == CLASSIFICATION else waves(100, 1, 0)
    frame.iloc[::10, :2] = np.nan
    model = "logistic" if task == CLASSIFICATION else "ridge"
    teacher = published(workspace, task, frame, model=model)
    spoil(teacher, change)
    report = taught(workspace, teacher, task, frame, model=model).refused("train")
    assert report["reason"] == "RecipeInvalid"
    assert says in report["message"] or re.search(says, report["message"])


def test_a_teacher_that_takes_few_rows_at_a_time(workspace):
    teacher = published(workspace, REGRESSION, waves(200, 1, 0), model="ridge")
    spoil(teacher, lambda graph: setattr(graph.input[0].type.tensor_type.shape.dim[0], "dim_value", 7))
    notes = []
    for folder in (teacher, published(workspace, REGRESSION, waves(200, 1, 0), model="ridge")):
        space = taught(workspace, folder, REGRESSION, waves(90, 2, 0.1), model="ridge")
        space.run("train")
        notes.append(space.json("output/config.json")["training"]["notes"])
    assert notes[0] == notes[1]


def test_a_base_model_is_refused_by_name(workspace):
    base = published(workspace, CLASSIFICATION, iris(), model="logistic")
    space = space_for(workspace, CLASSIFICATION, iris(), model="logistic")
    shutil.copytree(base, space.root / "base-model")
    report = space.refused("train")
    assert report["reason"] == "RecipeInvalid"
    assert "name it as spec.teacherModel" in report["message"]


def test_shares_are_mixed_and_add_up():
    soft = softened(np.log([[0.7, 0.2, 0.1], [0.00001, 0.00001, 0.99998]]), 1)
    shares = mixed_shares(np.array([1, 0]), soft, 0.5)
    np.testing.assert_allclose(shares, [[0.35, 0.6, 0.05], [0.5, 0, 0.5]], atol=1e-4)
    rows, classes, weights = repeated(np.array([[1.0], [2.0]]), shares)
    assert rows[:, 0].tolist() == [1, 1, 1, 2, 2]
    assert classes.tolist() == [0, 1, 2, 0, 2]
    assert weights.sum() == pytest.approx(2)
    assert (mixed_shares(np.array([1, 0]), soft, 1)[[0, 1], [1, 0]] > 0).all()
    assert softened(np.array([[2.0, 0.0]]), 100)[0, 0] == pytest.approx(0.505, abs=1e-3)
