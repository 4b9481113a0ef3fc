"""Inference requests and answers over REST: JSON, and the binary tensor extension."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .datatypes import Array
from .errors import ProtocolError
from .tensors import Tensor, array_from_bytes, array_from_json

#: Values that a V2 parameter may have.
Parameter = str | int | float | bool


@dataclass(frozen=True)
class InferRequest:
    """One inference request, whatever carries it."""

    model: str
    inputs: Sequence[Tensor]
    outputs: Sequence[str] | None = None
    version: str | None = None
    request_id: str | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


@dataclass(frozen=True)
class InferResult:
    """The answer to one inference request.

    Attributes:
        outputs: Arrays by the name of the output. BYTES are object arrays of ``bytes``; BF16 is float32.
        datatypes: V2 data types by the name of the output.
        revision: The verified revision that answered, when the server says so.
        protocol: What carried it: ``"json"``, ``"binary"`` or ``"grpc"``.
    """

    model_name: str
    model_version: str
    outputs: dict[str, Array]
    datatypes: dict[str, str]
    id: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    revision: str | None = None
    protocol: str = "json"

    def __getitem__(self, name: str) -> Array:
        return self.outputs[name]


def encode_json(request: InferRequest) -> tuple[bytes, dict[str, str]]:
    """Give body and headers of a JSON request."""
    body = _head(request, request.parameters)
    body["inputs"] = [tensor.to_json() for tensor in request.inputs]
    return json.dumps(body, allow_nan=False).encode(), {"content-type": "application/json"}


def encode_binary(request: InferRequest) -> tuple[bytes, dict[str, str]]:
    """Give body and headers of a request with the binary tensor extension, asking for a binary answer."""
    body = _head(request, {**request.parameters, "binary_data_output": True})
    chunks = [tensor.to_bytes() for tensor in request.inputs]
    body["inputs"] = [
        {
            "name": tensor.name,
            "shape": list(tensor.shape),
            "datatype": tensor.datatype,
            "parameters": {"binary_data_size": len(chunk)},
        }
        for tensor, chunk in zip(request.inputs, chunks, strict=True)
    ]
    head = json.dumps(body, allow_nan=False).encode()
    headers = {"content-type": "application/octet-stream", "inference-header-content-length": str(len(head))}
    return b"".join([head, *chunks]), headers


def decode_answer(content: bytes, headers: Mapping[str, str]) -> InferResult:
    """Read an answer, JSON or binary; raises ProtocolError when it is neither."""
    length = headers.get("inference-header-content-length")
    try:
        size = len(content) if length is None else int(length)
        body = json.loads(content[:size], parse_int=_parse_int)
        outputs, datatypes = _read_outputs(body["outputs"], memoryview(content)[size:])
        return InferResult(
            model_name=str(body.get("model_name", "")),
            model_version=str(body.get("model_version", "")),
            outputs=outputs,
            datatypes=datatypes,
            id=body.get("id"),
            parameters=body.get("parameters") or {},
            revision=headers.get("aimass-revision"),
            protocol="json" if length is None else "binary",
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProtocolError("the answer is not an Open Inference V2 response; check the URL") from error


def _parse_int(text: str) -> int | float:
    # A float of minus zero is written "-0"; Python's int would drop the sign.
    return -0.0 if text == "-0" else int(text)


def _head(request: InferRequest, parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if request.request_id is not None:
        body["id"] = request.request_id
    if parameters:
        body["parameters"] = dict(parameters)
    if request.outputs is not None:
        body["outputs"] = [{"name": name} for name in request.outputs]
    return body


def _read_outputs(listed: Sequence[Any], rest: memoryview) -> tuple[dict[str, Array], dict[str, str]]:
    outputs: dict[str, Array] = {}
    datatypes: dict[str, str] = {}
    offset = 0
    for output in listed:
        name, datatype, shape = output["name"], output["datatype"], output["shape"]
        size = (output.get("parameters") or {}).get("binary_data_size")
        if size is None:
            outputs[name] = array_from_json(output["data"], datatype, shape)
        else:
            outputs[name] = array_from_bytes(rest[offset : offset + size], datatype, shape)
            offset += size
        datatypes[name] = datatype
    if offset != len(rest):
        raise ProtocolError(f"the answer has {len(rest) - offset} bytes that belong to no output")
    return outputs, datatypes
