from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from protocols import connect
from servers import ROOT, FaultServer, Served

import aimass

IRIS = {
    "sepal length (cm)": [5.1, 6.3],
    "sepal width (cm)": [3.4, 2.9],
    "petal length (cm)": [1.5, 5.6],
    "petal width (cm)": [0.2, 1.8],
}
SAMPLE = ROOT / "library" / "digits" / "sample.png"


@pytest.mark.parametrize(
    "given",
    [
        [[5.1, 3.4, 1.5, 0.2]],
        np.array([5.1, 3.4, 1.5, 0.2]),
        {"features": np.array([[5.1, 3.4, 1.5, 0.2]], "f2")},
        {"features": [[5.1, 3.4, 1.5, 0.2]]},
    ],
)
def test_arrays_in_any_form(iris: Served, given: Any) -> None:
    with aimass.connect(iris.url, model="iris") as client:
        result = client.predict(given)
    assert result["label"].tolist() == [0]
    assert result["probabilities"].shape == (1, 3)


def test_a_table_of_columns_gives_labels(iris: Served) -> None:
    with aimass.connect(iris.url, model="iris") as client:
        rows = client.predict(IRIS)
        # The order of columns is the names' business, not the caller's.
        assert client.predict(dict(reversed(IRIS.items()))) == rows
    assert [row["label"] for row in rows] == ["setosa", "virginica"]


def test_a_data_frame_keeps_its_index(iris: Served) -> None:
    frame = pd.DataFrame(IRIS, index=["a", "b"])
    with aimass.connect(iris.url, model="iris") as client:
        result = client.predict(frame)
        assert list(result.index) == ["a", "b"]
        assert list(result["label"]) == ["setosa", "virginica"]
        every = client.predict_all(pd.concat([frame] * 5, ignore_index=True), batch_size=3)
        assert list(every["label"]) == ["setosa", "virginica"] * 5
        assert list(every.index) == list(range(10))


def test_a_regression_gives_numbers(diabetes: Served) -> None:
    with aimass.connect(diabetes.url, model="diabetes") as client:
        names = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]
        result = client.predict(pd.DataFrame({name: [0.01, -0.02] for name in names}))
        raw = client.predict(np.array([[0.01] * 10, [-0.02] * 10]))
    (values,) = [value for value in raw.values() if value.dtype.kind == "f"]
    np.testing.assert_allclose(result.iloc[:, 0].to_numpy(), values.ravel(), rtol=1e-4)


def test_images_as_path_bytes_and_picture(digits: Served) -> None:
    with aimass.connect(digits.url, model="digits") as client:
        best = client.predict(SAMPLE)
        assert best[0]["score"] >= best[1]["score"]
        assert client.predict(str(SAMPLE)) == best
        assert client.predict(SAMPLE.read_bytes()) == best
        with Image.open(SAMPLE) as image:
            assert client.predict(image)[0]["label"] == best[0]["label"]
        assert client.predict([SAMPLE, SAMPLE]) == [best, best]
        assert client.predict_all([SAMPLE] * 5, batch_size=2) == [best] * 5


def _broken_images() -> list[Any]:
    out = io.BytesIO()
    Image.new("L", (8, 8)).save(out, "PNG")
    return [b"this is no image", out.getvalue()[:40], b"\x00" * 100]


@pytest.mark.parametrize("content", _broken_images(), ids=["text", "truncated", "zeros"])
def test_what_is_no_image_is_refused(digits: Served, content: bytes) -> None:
    with aimass.connect(digits.url, model="digits") as client:
        with pytest.raises(aimass.InvalidRequest) as caught:
            client.predict(content)
        assert (caught.value.status, caught.value.model) == (400, "digits")
        client.check_ready()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (None, "there is no input"),
        (b"", "empty"),
        (Path("no/such/file.png"), "cannot read 'no/such/file.png'"),
        ("no/such/file.png", "cannot read"),
        (ROOT, "cannot read"),
        ({}, "empty"),
    ],
)
def test_bad_input_is_refused_before_it_is_sent(digits: Served, given: Any, says: str) -> None:
    with (
        aimass.connect(digits.url, model="digits") as client,
        pytest.raises(aimass.InvalidRequest, match=says) as caught,
    ):
        client.predict(given)
    assert caught.value.status is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({name: values for name, values in IRIS.items() if "petal width" not in name}, "petal width"),
        ({**IRIS, "colour": ["red", "blue"]}, "colour"),
        ({**IRIS, "petal width (cm)": ["thin", "thick"]}, "petal width"),
        ({**IRIS, "petal width (cm)": [0.2, None]}, "petal width"),
    ],
)
def test_wrong_columns_are_refused_by_name(iris: Served, given: Any, says: str) -> None:
    with aimass.connect(iris.url, model="iris") as client, pytest.raises(aimass.InvalidRequest, match=says):
        client.predict(given)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({**IRIS, "petal width (cm)": [0.2]}, "different lengths"),
        ({name: [] for name in IRIS}, "no rows"),
        (dict.fromkeys(IRIS, "text"), "give a list of values"),
        (pd.DataFrame(IRIS).iloc[:0], "no rows"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns"),
        (np.ones((2, 5)), "shape"),
        (np.array([["a"] * 4]), "got text"),
    ],
)
def test_tables_that_are_none_are_refused(iris: Served, given: Any, says: str) -> None:
    with aimass.connect(iris.url, model="iris") as client, pytest.raises(aimass.InvalidRequest, match=says):
        client.predict(given)


def test_texts_come_back_as_they_were(types: Served) -> None:
    texts = np.array(["", "ü€😀"], object)
    with connect(types, "json") as client:
        everything = {spec.name: np.zeros(1, int) for spec in client.model_info().inputs}
        result = client.predict({**everything, "x_BOOL": [True], "x_BYTES": texts})
    assert result["y_BYTES"].tolist() == texts.tolist()


def test_a_server_of_many_models_lists_them(library: Served) -> None:
    with aimass.connect(library.url) as client:
        listed = {entry.name: entry.state for entry in client.models()}
        assert listed == dict.fromkeys(["breast-cancer", "diabetes", "digits", "iris", "wine"], "READY")
        with pytest.raises(aimass.InvalidRequest, match="one of breast-cancer, diabetes"):
            client.predict(np.ones(4))
        assert client.predict(np.ones(4), model="iris")["label"].shape == (1,)
        assert client.predict(np.ones(13), model="wine")["label"].shape == (1,)


def test_one_model_needs_no_name_where_the_server_lists_it(faults: FaultServer) -> None:
    faults.plans = [(404, {}, '{"error": "There is nothing here."}')]
    with aimass.connect(faults.url) as client, pytest.raises(aimass.Unsupported, match="name one"):
        client.predict(np.ones(4))
    faults.plans = [(200, {}, '[{"name": "a"}, {"name": "b"}]')]
    with aimass.connect(faults.url) as client, pytest.raises(aimass.InvalidRequest, match="one of a, b"):
        client.predict(np.ones(4))
