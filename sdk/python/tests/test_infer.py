from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from protocols import PROTOCOLS, connect
from real_servers import TYPES
from servers import ROOT, Served

import aimass

_U = np.iinfo(np.uint64)
_EDGES: dict[str, Any] = {
    "BOOL": np.array([True, False, True]),
    "UINT8": np.array([0, 255], "u1"),
    "UINT16": np.array([0, 65535], "u2"),
    "UINT32": np.array([0, 2**32 - 1], "u4"),
    "UINT64": np.array([0, 2**53 + 1, 2**64 - 1], "u8"),
    "INT8": np.array([-128, 127], "i1"),
    "INT16": np.array([-32768, 32767], "i2"),
    "INT32": np.array([-(2**31), 2**31 - 1], "i4"),
    "INT64": np.array([-(2**63), -(2**53) - 1, 2**63 - 1], "i8"),
    "FP16": np.array([0.0, -0.0, 65504, -1.5, 6e-8], "f2"),
    "FP32": np.array([0.0, -0.0, 1e-45, 3.4028235e38, 0.1], "f4"),
    "FP64": np.array([0.0, -0.0, 5e-324, 1.7976931348623157e308, 0.1], "f8"),
    "BYTES": np.array([b"", "ü€😀".encode(), b" two  words "], object),
}


def _bits(array: np.ndarray) -> Any:
    return array.tolist() if array.dtype == object else array.tobytes()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_data_type_comes_back_bit_for_bit(types: Served, protocol: str) -> None:
    with connect(types, protocol) as client:
        result = client.infer({f"x_{name}": values for name, values in _EDGES.items()})
    assert result.protocol == protocol
    for name, sent in _EDGES.items():
        got = result[f"y_{name}"]
        assert result.datatypes[f"y_{name}"] == name
        assert got.dtype == sent.dtype, name
        assert _bits(got) == _bits(sent), name


@pytest.mark.parametrize("protocol", ["binary", "grpc"])
def test_nan_and_infinities_pass_where_the_transport_carries_them(divide: Served, protocol: str) -> None:
    with connect(divide, protocol) as client:
        out = client.infer({"a": np.array([0, 1, -1, np.nan], "f4"), "b": np.array([0, 0, 0, 1], "f4")})["q"]
    assert np.isnan(out[[0, 3]]).all()
    assert out[1:3].tolist() == [np.inf, -np.inf]


def test_nan_is_refused_by_name_where_json_cannot_carry_it(divide: Served) -> None:
    with connect(divide, "json") as client:
        with pytest.raises(aimass.InvalidRequest, match="'a' holds a value that JSON cannot carry"):
            client.infer({"a": np.array([np.nan], "f4"), "b": np.ones(1, "f4")})
        with pytest.raises(aimass.NotRepresentable, match="q") as caught:
            client.infer({"a": np.zeros(1, "f4"), "b": np.zeros(1, "f4")})
    assert (caught.value.status, caught.value.model) == (422, "divide")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_golden_examples_are_answered(iris: Served, protocol: str) -> None:
    golden = json.loads((ROOT / "library/iris/golden.json").read_text())
    with connect(iris, protocol) as client:
        for example in golden["examples"]:
            (sent,) = example["request"]["inputs"]
            result = client.infer({sent["name"]: np.array(sent["data"], "f4").reshape(sent["shape"])})
            for want in example["response"]["outputs"]:
                np.testing.assert_allclose(result[want["name"]].ravel(), want["data"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_id_parameters_and_chosen_outputs(iris: Served, protocol: str) -> None:
    with connect(iris, protocol) as client:
        result = client.infer(
            {"features": np.ones((3, 4), "f4")},
            outputs=["label"],
            request_id="r-7",
            parameters={"trace": True, "n": 2**40},
        )
    assert list(result.outputs) == ["label"]
    assert result["label"].shape == (3,)
    assert result.id == "r-7"
    assert (result.parameters["trace"], result.parameters["n"]) == (True, 2**40)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"features": np.ones((1, 4), "f8")}, "FP64"),
        ({"features": np.ones((1, 5), "f4")}, "shape"),
        ({"other": np.ones((1, 4), "f4")}, "other|features"),
        ({}, "inputs|features"),
    ],
)
def test_the_server_names_what_is_wrong(iris: Served, protocol: str, inputs: dict[str, Any], says: str) -> None:
    with connect(iris, protocol) as client, pytest.raises(aimass.InvalidRequest, match=says) as caught:
        client.infer(inputs)
    assert (caught.value.status, caught.value.model, caught.value.retryable) == (400, "iris", False)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_unknown_model_or_version_is_not_found(iris: Served, protocol: str) -> None:
    with connect(iris, protocol) as client:
        for options in ({"model": "wine"}, {"version": "7"}):
            with pytest.raises(aimass.NotFound) as caught:
                client.infer({"features": np.ones((1, 4), "f4")}, **options)  # type: ignore[arg-type]
            assert caught.value.status == 404


def test_auto_takes_the_best_that_both_sides_have(iris: Served) -> None:
    with aimass.connect(iris.url, model="iris") as client:
        result = client.infer({"features": np.ones((1, 4), "f4")})
        assert result.protocol == "binary"
        with pytest.raises(aimass.Unsupported, match="grpc_url="):
            client.infer({"features": np.ones((1, 4), "f4")}, protocol="grpc")
    with aimass.connect(iris.url, model="iris", grpc_url=iris.grpc_url) as client:
        assert client.infer({"features": np.ones((1, 4), "f4")}).protocol == "grpc"


def test_grpc_alone_is_enough(iris: Served) -> None:
    with aimass.connect(iris.grpc_url, model="iris") as client:
        assert client.server_info().name == "aimass"
        assert client.model_info().inputs[0] == aimass.TensorSpec("features", "FP32", (-1, 4))
        assert client.predict(np.ones(4))["label"].shape == (1,)
        client.check_ready()
        with pytest.raises(aimass.Unsupported, match="REST address"):
            client.models()


def test_metadata_and_readiness(iris: Served) -> None:
    with aimass.connect(iris.url + "/v2/", model="iris") as client:
        info = client.model_info()
        assert [str(spec) for spec in info.inputs] == ["features FP32[-1, 4]"]
        assert (info.task, info.revision) == ("tabular-classification", "r1")
        client.check_ready()
        assert client.infer({"features": np.ones((1, 4), "f4")}).revision == "r1"


def test_all_types_are_covered() -> None:
    assert list(_EDGES) == TYPES
