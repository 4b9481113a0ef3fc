"""The role `prepare`, run as a process on real and made tables."""

import joblib
import numpy as np
import onnxruntime
import pandas as pd
import pytest
from prepare_tables import iris, mixed
from sklearn import datasets

from aimass_toolkit.stage.prepared import read_prepared

CLASSES = {"task": "tabular-classification", "seed": 3}
NUMBERS = {"task": "tabular-regression", "seed": 3}


def test_a_table_of_numbers_is_cleaned_split_and_scaled(workspace):
    space = workspace(**CLASSES, prepare={"target": "target"})
    space.is_process = True
    space.data("train", iris())
    report = space.run("prepare")
    assert report["rows"] == {"train": 103, "validation": 23, "test": 23}
    assert report["columns"] == 4
    assert report["notes"] == ["dropped 1 duplicate rows"]
    prepared = read_prepared(space.root / "prepared")
    assert prepared.labels == ["setosa", "versicolor", "virginica"]
    features, classes = prepared.part("train")
    assert np.allclose(features.mean(axis=0), 0, atol=1e-5)
    assert np.allclose(features.std(axis=0), 1, atol=1e-5)
    assert sorted(np.bincount(classes)) == [34, 34, 35]


def test_the_graph_takes_one_tensor_and_gives_what_training_saw(workspace):
    space = workspace(**CLASSES, prepare={"target": "target"})
    space.data("train", iris())
    space.run("prepare")
    prepared = read_prepared(space.root / "prepared")
    session = onnxruntime.InferenceSession(prepared.preprocessor)
    assert [(one.name, one.shape) for one in session.get_inputs()] == [("features", ["batch", 4])]
    inputs = prepared.raw_inputs("test")
    assert np.array_equal(session.run(None, inputs)[0], prepared.part("test")[0])
    inputs["features"][0, 2] = np.nan
    assert np.isfinite(session.run(None, inputs)[0]).all()


def test_categories_and_holes_become_features(workspace):
    space = workspace(**CLASSES, prepare={"target": "bought"})
    space.data("train", mixed())
    space.run("prepare")
    prepared = read_prepared(space.root / "prepared")
    names = prepared.schema["featureNames"]
    assert [name for name in names if name.startswith("city")] == ["city=Bern", "city=Lima", "city=Oslo"]
    assert "ticket" not in names
    assert any('"ticket" is left out' in note for note in prepared.schema["notes"])
    session = onnxruntime.InferenceSession(prepared.preprocessor)
    inputs = prepared.raw_inputs("test")
    assert {one.name: one.type for one in session.get_inputs()}["city"] == "tensor(string)"
    got = session.run(None, inputs)[0]
    assert np.array_equal(got, prepared.part("test")[0])
    pipeline = joblib.load(space.root / "prepared" / "preprocessor.joblib")
    assert np.allclose(pipeline.transform(prepared.raw("test")), got, atol=1e-5)
    inputs["city"][:] = "Atlantis"
    unknown = session.run(None, inputs)[0][:, [names.index(name) for name in names if name.startswith("city")]]
    assert (unknown == 0).all()
    assert "ArrayFeatureExtractor" not in {node.op_type for node in nodes(prepared.preprocessor)}


def nodes(file):
    import onnx

    return onnx.load(file).graph.node


@pytest.mark.parametrize(
    ("columns", "check"),
    [
        ({"age": {"normalise": "minMax"}}, lambda train, raw: 0 <= train["age"].min() <= train["age"].max() <= 1.00001),
        ({"age": {"normalise": "robust"}}, lambda train, raw: abs(train["age"].median()) < 1e-5),
        ({"age": {"normalise": "none", "clip": [30, 50]}}, lambda train, raw: train["age"].between(30, 50).all()),
        (
            {"age": {"normalise": "none", "impute": "constant", "fill": "-1"}},
            lambda train, raw: (train["age"] == -1).sum() == raw["age"].isna().sum() > 0,
        ),
        (
            {"age": {"normalise": "none", "impute": "mean", "clip": [0, 30]}},
            lambda train, raw: np.allclose(train["age"][raw["age"].isna()], raw["age"].clip(0, 30).mean(), atol=1e-3),
        ),
        ({"city": {"encode": "ordinal"}}, lambda train, raw: set(train["city"]) == {0, 1, 2}),
        (
            {"city": {"impute": "constant", "fill": "nowhere"}},
            lambda train, raw: train["city=nowhere"].sum() == (raw["city"] == "").sum() > 0,
        ),
        ({"city": {"type": "ignore"}}, lambda train, raw: "city" not in raw),
        ({"patient": {"type": "categorical"}}, lambda train, raw: "patient=7" in train),
    ],
)
def test_settings_of_a_column_do_what_they_say(workspace, columns, check):
    space = workspace(**CLASSES, prepare={"target": "bought", "columns": columns})
    space.data("train", mixed())
    space.run("prepare")
    train = pd.read_csv(space.root / "prepared" / "train.csv")
    assert check(train, read_prepared(space.root / "prepared").raw("train"))


def test_defaults_are_for_columns_that_are_not_named(workspace):
    defaults = {"numeric": {"normalise": "none"}, "categorical": {"encode": "ordinal"}}
    space = workspace(**CLASSES, prepare={"target": "bought", "defaults": defaults})
    space.data("train", mixed())
    space.run("prepare")
    assert set(space.json("prepared/schema.json")["featureNames"]) == {
        "age",
        "income (€)",
        "patient",
        "city",
        "size",
        "day",
    } - {"day"}


def test_the_same_bytes_for_the_same_seed(workspace):
    made = []
    for seed in (3, 3, 4):
        space = workspace(task="tabular-classification", seed=seed, prepare={"target": "bought"})
        space.is_process = True
        space.data("train", mixed())
        space.run("prepare")
        made.append(space.bytes("prepared"))
    assert made[0] == made[1]
    assert made[0] != made[2]


def test_groups_stay_in_one_part(workspace):
    space = workspace(**CLASSES, prepare={"target": "bought", "split": {"groupBy": "patient"}})
    frame = mixed()
    space.data("train", frame)
    space.run("prepare")
    prepared = read_prepared(space.root / "prepared")
    assert "patient" not in prepared.schema["featureNames"]
    incomes = frame.drop_duplicates("income (€)").set_index("income (€)")["patient"]
    groups = [set(prepared.raw(part)["income (€)"].map(lambda v: incomes.get(float(v)))) for part in ("train", "test")]
    assert len(prepared.raw("test")) > 10
    assert not (groups[0] & groups[1]) - {None}


def test_the_newest_rows_are_for_judging(workspace):
    space = workspace(**NUMBERS, prepare={"target": "y", "split": {"timeBy": "day", "validation": 0.1, "test": 0.2}})
    frame = pd.DataFrame(
        {"day": pd.date_range("2024-01-01", periods=50).strftime("%Y-%m-%dT%H:%M"), "x": range(50), "y": range(50)}
    )
    space.data("train", frame.sample(frac=1, random_state=0))
    space.run("prepare")
    prepared = read_prepared(space.root / "prepared")
    assert sorted(prepared.raw("test")["x"]) == list(range(40, 50))
    assert sorted(prepared.raw("validation")["x"]) == list(range(35, 40))


def test_data_sets_named_test_and_validation_are_those_parts(workspace):
    space = workspace(**CLASSES, prepare={"target": "bought"})
    space.data("train", mixed())
    space.data("test", mixed(40, seed=1))
    other = mixed(30, seed=2)
    other.loc[0, "bought"] = "perhaps"
    space.data("validation", other)
    report = space.run("prepare")
    assert report["rows"] == {"train": 300, "validation": 29, "test": 40}
    assert any('1 rows of "validation" have a target' in note for note in report["notes"])


def test_rows_out_of_range_and_without_target_are_dropped_and_counted(workspace):
    frame = mixed()
    frame.loc[:4, "age"] = 400
    frame.loc[10:12, "bought"] = None
    space = workspace(**CLASSES, prepare={"target": "bought", "clean": {"ranges": [{"column": "age", "max": 120}]}})
    space.data("train", pd.concat([frame, frame.tail(2)]))
    space.run("prepare")
    assert space.json("prepared/schema.json")["cleaned"] == {"duplicates": 2, "outOfRange": 5, "withoutTarget": 3}


def test_a_rare_class_stays_with_the_training_rows(workspace):
    frame = mixed()
    frame.loc[0, "bought"] = "perhaps"
    space = workspace(**CLASSES, prepare={"target": "bought"})
    space.data("train", frame)
    report = space.run("prepare")
    assert any("fewer than 3 rows" in note for note in report["notes"])
    assert "perhaps" in set(pd.read_csv(space.root / "prepared/raw/train.csv")["bought"])


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_numbers_as_targets_in_every_format(workspace, form):
    frame = datasets.load_diabetes(as_frame=True).frame
    space = workspace(**NUMBERS, prepare={"target": "target", "format": form})
    file = space.data("train", "", f"table.{form}")
    {
        "csv": lambda: frame.to_csv(file, index=False),
        "jsonl": lambda: frame.to_json(file, orient="records", lines=True),
        "parquet": lambda: frame.to_parquet(file),
    }[form]()
    assert space.run("prepare")["rows"] == {"train": 308, "validation": 67, "test": 67}
    assert space.json("prepared/schema.json")["labels"] == []


def test_without_prepare_the_data_is_checked(workspace):
    space = workspace(task="custom")
    space.data("images", b"\x89PNG", "one.png")
    assert space.run("prepare")["notes"] == ["images: 1 file, 4 B"]
    space.data("images", b"", "one.png")
    assert space.refused("prepare")["reason"] == "DataEmpty"
    space.document["data"] = ["images", "texts"]
    space.data("images", b"x", "one.png")
    assert space.refused("prepare", data=["images", "texts"])["reason"] == "DataMissing"


def test_older_runs_are_removed_only_where_they_are(workspace, tmp_path):
    space = workspace(task="custom", run=5, keepRuns=[3, 4])
    space.data("a", b"x", "x.bin")
    for number in (1, 2, 3, 4, 5, 6):
        (tmp_path / "runs" / f"run-{number}").mkdir(parents=True)
    (tmp_path / "runs" / "other").mkdir()
    space.run("prepare")
    assert len(list((tmp_path / "runs").iterdir())) == 7
    space.environment["AIMASS_RUNS_ROOT"] = str(tmp_path / "runs")
    space.run("prepare")
    assert sorted(one.name for one in (tmp_path / "runs").iterdir()) == ["other", "run-3", "run-4", "run-5", "run-6"]
