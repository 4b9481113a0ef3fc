"""Inference requests and answers as gRPC messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .datatypes import Array
from .errors import InvalidRequest, ProtocolError
from .grpc_schema import MESSAGES
from .infer_body import InferRequest, InferResult
from .metadata import ModelInfo, ServerInfo
from .tensors import TensorSpec, array_from_bytes, array_from_json

_TYPED_FIELDS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}


def encode_request(request: InferRequest) -> Any:
    """Give the ModelInferRequest, with raw contents."""
    message = MESSAGES["ModelInferRequest"](
        model_name=request.model, model_version=request.version or "", id=request.request_id or ""
    )
    _set_parameters(message, request.parameters)
    for tensor in request.inputs:
        message.inputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
        message.raw_input_contents.append(tensor.to_bytes())
    for name in request.outputs or ():
        message.outputs.add(name=name)
    return message


def decode_response(message: Any, headers: Mapping[str, str]) -> InferResult:
    """Read a ModelInferResponse, with raw or typed contents."""
    raw = message.raw_output_contents
    if raw and len(raw) != len(message.outputs):
        raise ProtocolError(f"the answer has {len(message.outputs)} outputs, but {len(raw)} raw contents")
    outputs = {
        output.name: (
            array_from_bytes(raw[index], output.datatype, tuple(output.shape)) if raw else _typed_array(output)
        )
        for index, output in enumerate(message.outputs)
    }
    return InferResult(
        model_name=message.model_name,
        model_version=message.model_version,
        outputs=outputs,
        datatypes={output.name: output.datatype for output in message.outputs},
        id=message.id or None,
        parameters={
            key: getattr(value, value.WhichOneof("parameter_choice")) for key, value in message.parameters.items()
        },
        revision=headers.get("aimass-revision"),
        protocol="grpc",
    )


def decode_server_info(message: Any) -> ServerInfo:
    """Read a ServerMetadataResponse."""
    return ServerInfo(message.name, message.version, tuple(message.extensions))


def decode_model_info(message: Any) -> ModelInfo:
    """Read a ModelMetadataResponse."""
    return ModelInfo(
        name=message.name,
        versions=tuple(message.versions),
        platform=message.platform,
        inputs=tuple(TensorSpec(item.name, item.datatype, tuple(item.shape)) for item in message.inputs),
        outputs=tuple(TensorSpec(item.name, item.datatype, tuple(item.shape)) for item in message.outputs),
        parameters=dict(message.properties),
    )


def _typed_array(output: Any) -> Array:
    field = _TYPED_FIELDS.get(output.datatype)
    if field is None:
        raise ProtocolError(f"output {output.name!r} is {output.datatype}, which has no typed contents")
    return array_from_json(getattr(output.contents, field), output.datatype, tuple(output.shape))


def _set_parameters(message: Any, parameters: Mapping[str, Any]) -> None:
    for key, value in parameters.items():
        # bool first: in Python it is an int too.
        for kind, field in ((bool, "bool_param"), (int, "int64_param"), (float, "double_param"), (str, "string_param")):
            if isinstance(value, kind):
                setattr(message.parameters[key], field, value)
                break
        else:
            raise InvalidRequest(f"parameter {key!r} is a {type(value).__name__}; use a text, number or boolean")
