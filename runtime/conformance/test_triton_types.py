"""tritonclient: every data type there and back, bit by bit."""

import importlib
from typing import Any

import numpy as np
import pytest
from tritonclient.utils import InferenceServerException

from server import Served

INTEGERS = ["INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"]
FLOATS = ["FP16", "FP32", "FP64"]
NUMPY = {"BOOL": np.bool_, "BYTES": np.object_, "FP16": np.float16, "FP32": np.float32, "FP64": np.float64} | {
    name: np.dtype(name.lower()).type for name in INTEGERS
}
TEXTS = ["", "plain", "zażółć gęślą jaźń", "日本語", "🚀 \U0001f9d1\u200d\U0001f680", '\n\t"\\', "x" * 5000, "é"]


def values(datatype: str, *, special: bool = False) -> np.ndarray:
    """Two rows with the limits of a type."""
    if datatype == "BYTES":
        return np.array([text.encode() for text in TEXTS], np.object_).reshape(2, -1)
    if datatype == "BOOL":
        return np.array([[True, False, True], [False, False, True]])
    if datatype in INTEGERS:
        limits = np.iinfo(NUMPY[datatype])
        near_2_53 = [2**53 + 1, 2**53 + 3] if limits.bits == 64 else [5, 6]
        return np.array([[limits.min, limits.max, 0], [1, *near_2_53]], NUMPY[datatype])
    limits = np.finfo(NUMPY[datatype])
    finite = [limits.max, limits.min, limits.smallest_normal, limits.smallest_subnormal, -0.0, 1 / 3]
    return np.array([finite, [np.nan, np.inf, -np.inf, 0, 1, 2] if special else finite[::-1]], NUMPY[datatype])


def round_trip(server: Served, transport: str, datatype: str, sent: np.ndarray, **form: Any) -> np.ndarray:
    api = importlib.import_module(f"tritonclient.{transport}")
    tensor = api.InferInput("x", sent.shape, datatype)
    tensor.set_data_from_numpy(sent, **({"binary_data": form["binary_in"]} if "binary_in" in form else {}))
    wanted = api.InferRequestedOutput("y", **({"binary_data": form["binary_out"]} if "binary_out" in form else {}))
    with api.InferenceServerClient(getattr(server, transport)) as client:
        result = client.infer(f"same-{datatype.lower()}", [tensor], outputs=[wanted])
    (output,) = (
        result.get_response(as_json=True)["outputs"] if transport == "grpc" else result.get_response()["outputs"]
    )
    assert output["datatype"] == datatype
    return result.as_numpy("y")


def assert_same(sent: np.ndarray, got: np.ndarray) -> None:
    assert got.shape == sent.shape
    if sent.dtype == np.object_:
        assert got.tolist() == sent.tolist()
        return
    assert got.dtype == sent.dtype
    assert got.tobytes() == sent.tobytes()


@pytest.mark.parametrize("datatype", ["BOOL", *INTEGERS, *FLOATS, "BYTES"])
@pytest.mark.parametrize("transport", ["http", "grpc"])
def test_as_bytes(server: Served, transport: str, datatype: str) -> None:
    sent = values(datatype, special=datatype in FLOATS)
    assert_same(sent, round_trip(server, transport, datatype, sent))


@pytest.mark.parametrize("datatype", ["BOOL", *INTEGERS, *FLOATS, "BYTES"])
@pytest.mark.parametrize(("binary_in", "binary_out"), [(False, False), (False, True), (True, False)])
def test_as_json(server: Served, datatype: str, binary_in: bool, binary_out: bool) -> None:
    sent = values(datatype)
    if datatype == "BYTES":
        # The client can only put texts into JSON that are texts in numpy too.
        sent = np.array([text.decode() for text in sent.ravel()], np.object_).reshape(sent.shape)
    got = round_trip(server, "http", datatype, sent, binary_in=binary_in, binary_out=binary_out)
    if datatype == "BYTES":
        decoded = [text.decode() if isinstance(text, bytes) else text for text in got.ravel()]
        assert decoded == sent.ravel().tolist()
        return
    assert_same(sent, got)


@pytest.mark.parametrize("datatype", FLOATS)
def test_nan_is_never_turned_into_null(server: Served, datatype: str) -> None:
    with pytest.raises(InferenceServerException) as caught:
        round_trip(server, "http", datatype, values(datatype, special=True), binary_out=False)
    assert caught.value.status() == "422"
    assert "binary" in caught.value.message()


@pytest.mark.parametrize("transport", ["http", "grpc"])
def test_bytes_that_are_no_text_are_refused_and_not_changed(server: Served, transport: str) -> None:
    with pytest.raises(InferenceServerException, match="UTF-8"):
        round_trip(server, transport, "BYTES", np.array([[b"\xff\xfe"]], np.object_))


@pytest.mark.parametrize("transport", ["http", "grpc"])
@pytest.mark.parametrize("shape", [(0, 3), (1, 0)])
def test_empty(server: Served, transport: str, shape: tuple[int, int]) -> None:
    sent = np.empty(shape, np.float32)
    assert_same(sent, round_trip(server, transport, "FP32", sent))


@pytest.mark.parametrize("transport", ["http", "grpc"])
def test_large(server: Served, transport: str) -> None:
    sent = np.random.default_rng(1).standard_normal((1000, 2000), np.float32)
    assert_same(sent, round_trip(server, transport, "FP32", sent))
