"""The recipes for tables, run on real data."""

import re

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from aimass_toolkit.stage.prepared import read_prepared

CLASSIFICATION, REGRESSION = "tabular-classification", "tabular-regression"


def breast_cancer():
    frame = datasets.load_breast_cancer(as_frame=True).frame
    frame["target"] = frame["target"].map({0: "malignant", 1: "benign"})
    return frame


def iris():
    return datasets.load_iris(as_frame=True).frame


def diabetes():
    return datasets.load_diabetes(as_frame=True).frame


def space_for(workspace, task, frame, options, **document):
    space = workspace(task=task, recipe={"name": task, "options": {"target": "target", **options}}, seed=2, **document)
    space.data("train", frame)
    space.run("prepare")
    return space


@pytest.mark.parametrize("model", ["auto", "logistic", "randomForest", "gradientBoosting", "lightgbm", "mlp"])
def test_classes_are_learned_by_every_model(workspace, model):
    space = space_for(workspace, CLASSIFICATION, breast_cancer(), {"model": model, "trees": 60, "epochs": 30})
    code, report, output = space.start("train")
    assert code == 0, output
    metrics = report["metrics"]
    assert metrics["val_accuracy"] > 0.9
    assert metrics["val_auc"] > 0.95
    assert metrics["val_logLoss"] < metrics["baselineLogLoss"]
    assert metrics["val_accuracy"] > metrics["baselineAccuracy"] > 0.6
    assert space.json("output/metrics.json") == metrics
    assert space.json("output/config.json")["id2label"] == {"0": "benign", "1": "malignant"}
    assert re.search(r"^epoch=\d+ epochs=\d+ .*val_(accuracy|logLoss)=0\.\d+", output, re.M)
    features, classes = read_prepared(space.root / "prepared").part("test")
    assert (joblib.load(space.root / "output/model.joblib").predict(features) == classes).mean() > 0.88


@pytest.mark.parametrize("model", ["auto", "ridge", "randomForest", "gradientBoosting", "lightgbm", "mlp"])
def test_numbers_are_learned_by_every_model(workspace, model):
    space = space_for(workspace, REGRESSION, diabetes(), {"model": model, "trees": 60, "epochs": 60})
    metrics = space.run("train")["metrics"]
    assert metrics["val_r2"] > 0.2
    assert metrics["val_rmse"] < metrics["baselineRmse"]


@pytest.mark.parametrize("model", ["randomForest", "gradientBoosting", "lightgbm", "mlp"])
def test_the_same_model_for_the_same_seed(workspace, model):
    made = []
    for _ in range(2):
        space = space_for(workspace, CLASSIFICATION, iris(), {"model": model, "trees": 20, "epochs": 5})
        space.is_process = model == "lightgbm"
        space.run("train")
        made.append(space.bytes("output"))
    assert made[0] == made[1]


def test_training_stops_when_it_gets_no_better(workspace):
    options = {"model": "lightgbm", "trees": 5000, "learningRate": 0.3, "patience": 5}
    space = space_for(workspace, CLASSIFICATION, breast_cancer(), options)
    assert space.run("train")["steps"] < 500
    options["earlyStopping"] = False
    options["trees"] = 40
    space = space_for(workspace, CLASSIFICATION, breast_cancer(), options)
    assert space.run("train")["steps"] == 40


def test_parameters_win_over_options(workspace):
    space = space_for(workspace, CLASSIFICATION, iris(), {"model": "logistic"})
    (space.root / "parameters.json").write_text('{"model": "randomForest", "trees": "7"}')
    assert space.run("train")["steps"] == 7


def test_auto_tells_what_it_compared(workspace):
    space = space_for(
        workspace, CLASSIFICATION, iris(), {"trees": 30}, objective={"metric": "accuracy", "goal": "Maximize"}
    )
    code, _, output = space.start("train")
    assert code == 0
    assert "chosen by accuracy" in output
    assert set(space.json("output/config.json")["training"]["candidates"]) == {"logistic", "randomForest", "lightgbm"}


def test_without_the_stage_before_it_prepares_by_itself(workspace):
    recipe = {"name": CLASSIFICATION, "options": {"target": "target", "model": "logistic"}}
    space = workspace(task=CLASSIFICATION, recipe=recipe)
    space.data("train", iris())
    space.is_process = True
    assert space.run("train")["metrics"]["val_accuracy"] > 0.85


def test_without_a_validation_part_some_rows_are_held_back(workspace):
    space = workspace(
        recipe={"name": CLASSIFICATION, "options": {"model": "logistic"}},
        prepare={"target": "target", "split": {"validation": 0}},
    )
    space.data("train", iris())
    assert space.run("prepare")["rows"]["validation"] == 0
    assert space.run("train")["metrics"]["val_accuracy"] > 0.8


def test_classes_of_unequal_size_can_be_balanced(workspace):
    random = np.random.default_rng(0)
    x = random.normal(size=600)
    frame = pd.DataFrame({"x": x, "target": np.where(x + random.normal(size=600) > 2.2, "rare", "usual")})
    recalls = []
    for weight in ("none", "balanced"):
        space = space_for(workspace, CLASSIFICATION, frame, {"model": "logistic", "classWeight": weight})
        space.run("train")
        features, classes = read_prepared(space.root / "prepared").part("train")
        guesses = joblib.load(space.root / "output/model.joblib").predict(features)
        recalls.append((guesses[classes == 0] == 0).mean())
    assert recalls[1] > recalls[0]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"options": {"model": "svm"}}, "auto, logistic"),
        ({"options": {"depth": 3}}, "is no option"),
        ({"options": {"trees": 0}}, "whole number from 1"),
        ({"options": {"trees": 2.5}}, "whole number"),
        ({"options": {"learningRate": "fast"}}, "'fast'"),
        ({"options": {"hidden": "64;32"}}, "sizes of layers"),
        ({"options": {"earlyStopping": "perhaps"}}, "true, false"),
        ({"parameters": {"tree": 3}}, "spec.parameters.tree"),
    ],
)
def test_options_that_cannot_be_are_refused_by_name(workspace, changes, says):
    space = space_for(workspace, CLASSIFICATION, iris(), {})
    options = {"target": "target", **changes.get("options", {})}
    report = space.refused(
        "train", recipe={"name": CLASSIFICATION, "options": options}, parameters=changes.get("parameters", {})
    )
    assert report["reason"] == "RecipeInvalid"
    assert says in report["message"]


@pytest.mark.parametrize("role", ["prepare", "train"])
def test_a_recipe_without_target_is_refused(workspace, role):
    space = workspace(task=CLASSIFICATION, recipe={"name": CLASSIFICATION})
    space.data("train", iris())
    report = space.refused(role)
    assert report["reason"] == "RecipeInvalid"
    assert "spec.prepare.target" in report["message"]


def test_a_recipe_that_is_not_there_is_refused(workspace):
    space = workspace(task="custom", recipe={"name": "tabular-clustering"})
    assert space.refused("train")["reason"] == "RecipeInvalid"
    assert space.refused("train", recipe=None)["reason"] == "RecipeInvalid"
