from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest

from aimass import InvalidRequest, ProtocolError, Tensor, TensorSpec
from aimass.fit import fit_tensor
from aimass.infer_body import InferRequest, decode_answer, encode_binary
from aimass.tensors import array_from_bytes, array_from_json


def test_bytes_are_lengths_and_bytes() -> None:
    tensor = Tensor("x", [b"\xff\x00", "é"])
    assert (tensor.datatype, tensor.shape) == ("BYTES", (2,))
    assert tensor.to_bytes() == struct.pack("<I2sI2s", 2, b"\xff\x00", 2, "é".encode())
    assert array_from_bytes(tensor.to_bytes(), "BYTES", [2]).tolist() == [b"\xff\x00", "é".encode()]


def test_bfloat16_rounds_to_nearest_even_and_keeps_nan() -> None:
    values = np.array([1.0, 1.00390625, 1.01171875, -0.0, np.inf, np.nan], "f4")
    back = array_from_bytes(Tensor("x", values, "BF16").to_bytes(), "BF16", [6])
    np.testing.assert_array_equal(back, np.array([1.0, 1.0, 1.015625, -0.0, np.inf, np.nan], "f4"))
    assert np.signbit(back[3])


def test_arrays_of_any_layout_are_sent_row_major_and_little_endian() -> None:
    values = np.arange(6, dtype=">i4").reshape(2, 3).T
    assert Tensor("x", values).to_bytes() == np.arange(6, dtype="<i4").reshape(2, 3).T.copy().tobytes()


def test_a_binary_body_says_how_long_its_head_is() -> None:
    body, headers = encode_binary(InferRequest("m", [Tensor("x", np.array([1, 2], "i8"))]))
    size = int(headers["inference-header-content-length"])
    assert body[size:] == struct.pack("<2q", 1, 2)
    assert b'"binary_data_size": 16' in body[:size]


@pytest.mark.parametrize(
    ("data", "datatype", "shape"),
    [
        (b"\x00" * 7, "FP32", [2]),
        (b"\x05\x00\x00\x00ab", "BYTES", [1]),
        (b"\x01\x00", "BYTES", [1]),
        (b"", "BYTES", [1]),
    ],
)
def test_answers_with_lying_lengths_are_refused(data: bytes, datatype: str, shape: list[int]) -> None:
    with pytest.raises(ProtocolError):
        array_from_bytes(data, datatype, shape)


@pytest.mark.parametrize(
    ("data", "datatype", "shape"),
    [([1.5], "INT64", [2]), (["a"], "FP32", [1]), ([2**64], "UINT64", [1]), ([300], "UINT8", [1])],
)
def test_answers_that_are_not_what_they_say_are_refused(data: list[Any], datatype: str, shape: list[int]) -> None:
    with pytest.raises(ProtocolError):
        array_from_json(data, datatype, shape)


@pytest.mark.parametrize("content", [b"<html>", b"[]", b"{}", b'{"outputs": [{"name": "x"}]}', b"\xff"])
def test_answers_that_are_not_v2_are_refused(content: bytes) -> None:
    with pytest.raises(ProtocolError, match="not an Open Inference V2 response"):
        decode_answer(content, {})


def test_bytes_left_over_are_refused() -> None:
    with pytest.raises(ProtocolError, match="belong to no output"):
        decode_answer(b'{"outputs": []}xx', {"inference-header-content-length": "15"})


@pytest.mark.parametrize(
    ("given", "datatype", "want"),
    [
        (np.array([1, 2], "i8"), "FP32", "<f4"),
        (np.array([1.5, 2], "f8"), "FP16", "<f2"),
        (np.array([True]), "INT64", "<i8"),
        (np.array([0, 1]), "BOOL", "?"),
        (np.array([2**63 - 1]), "UINT64", "<u8"),
        ([[1, 2]][0], "INT32", "<i4"),
    ],
)
def test_types_are_converted_where_no_value_changes_its_meaning(given: Any, datatype: str, want: str) -> None:
    tensor = fit_tensor(given, TensorSpec("x", datatype, (-1,)))
    assert tensor.array.dtype == np.dtype(want)
    np.testing.assert_array_equal(tensor.array, given)


@pytest.mark.parametrize(
    ("given", "datatype", "says"),
    [
        ([1.5], "INT64", "round and convert"),
        ([300], "UINT8", "outside 0 to 255"),
        ([-1], "UINT64", "outside 0"),
        ([1e300], "FP32", "too large for FP32"),
        ([2], "BOOL", "0 and 1"),
        (["a"], "FP32", "got text"),
        ([1], "BYTES", "give str or bytes"),
        ([[1, 2], [3]], "FP32", "different lengths"),
        ([[[1]]], "FP32", "shape"),
        ([{"a": 1}], "FP32", "numpy type object"),
        ([1 + 2j], "FP32", "complex"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(given: Any, datatype: str, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says) as caught:
        fit_tensor(given, TensorSpec("x", datatype, (-1,)))
    assert "x" in str(caught.value)


def test_a_missing_batch_dimension_is_added() -> None:
    assert fit_tensor([1, 2, 3, 4], TensorSpec("x", "FP32", (-1, 4))).shape == (1, 4)
