"""What the role `prepare` refuses, and in which words."""

import pytest
from prepare_tables import mixed

CLASSES = {"task": "tabular-classification", "seed": 3}
NUMBERS = {"task": "tabular-regression", "seed": 3}


def without(frame, column, value):
    frame = frame.copy().astype(object)
    frame[column] = value
    return frame


def with_text(frame):
    frame = frame.copy().astype(object)
    frame.loc[7, "age"] = "forty"
    return frame


def nan_everywhere():
    return without(mixed(), "age", None)


BAD = [
    ("no such column", mixed(), {"target": "sold"}, "ColumnMissing", '"bought"'),
    ("a named column is missing", mixed(), {"target": "bought", "columns": {"weight": {}}}, "ColumnMissing", "weight"),
    ("the target is constant", without(mixed(), "bought", "yes"), {"target": "bought"}, "TargetConstant", "always yes"),
    ("the target is missing", without(mixed(), "bought", None), {"target": "bought"}, "DataInvalid", "missing in all"),
    ("numbers and texts", with_text(mixed()), {"target": "bought"}, "DataInvalid", '"forty" in row 8'),
    ("two columns of a name", "a,a,b\n1,2,x\n", {"target": "b"}, "DataInvalid", "more than one column"),
    ("a header only", "a,b\n", {"target": "b"}, "DataEmpty", "no rows"),
    ("an empty file", "", {"target": "b"}, "DataEmpty", "empty"),
    ("a quantity as class", mixed(), {"target": "income (€)"}, "DataInvalid", "tabular-regression"),
    ("a name as class", mixed(), {"target": "ticket"}, "DataInvalid", "classes"),
    (
        "texts as numbers",
        mixed(),
        {"target": "bought", "columns": {"city": {"type": "numeric"}}},
        "DataInvalid",
        "city",
    ),
    ("a mean of texts", mixed(), {"target": "bought", "columns": {"city": {"impute": "mean"}}}, "InvalidSpec", "mean"),
    ("clip the wrong way", mixed(), {"target": "bought", "columns": {"age": {"clip": [9, 1]}}}, "InvalidSpec", "clip"),
    ("no source", mixed(), {"target": "bought", "source": "other"}, "DataMissing", "other"),
    (
        "nothing in range",
        mixed(),
        {"target": "bought", "clean": {"ranges": [{"column": "patient", "min": 900}]}},
        "DataEmpty",
        "leaves no row",
    ),
    ("too few groups", mixed(), {"target": "bought", "split": {"groupBy": "size"}}, "DataInvalid", "2 groups"),
    ("no time", mixed(), {"target": "bought", "split": {"timeBy": "city"}}, "DataInvalid", "no time"),
]


@pytest.mark.parametrize(("table", "prepare", "reason", "says"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_cannot_be_learned_from_is_refused(workspace, table, prepare, reason, says):
    space = workspace(**CLASSES, prepare=prepare)
    space.data("train", table)
    report = space.refused("prepare")
    assert report["reason"] == reason
    assert says in report["message"]
    assert not (space.root / "prepared").exists()


def test_a_data_set_that_is_not_there(workspace):
    space = workspace(**CLASSES, data=["train"], prepare={"target": "y"})
    assert space.refused("prepare")["reason"] == "DataMissing"


def test_texts_are_no_target_of_a_regression(workspace):
    space = workspace(**NUMBERS, prepare={"target": "city"})
    space.data("train", mixed())
    report = space.refused("prepare")
    assert report["reason"] == "DataInvalid"
    assert "tabular-classification" in report["message"]


def test_a_column_without_any_value_is_left_out(workspace):
    space = workspace(**CLASSES, prepare={"target": "bought"})
    space.data("train", nan_everywhere())
    assert any('"age" is left out: 100%' in note for note in space.run("prepare")["notes"])
