"""The messages of Open Inference V2 over gRPC, built from one table.

No generated code: what protoc generates demands a matching protobuf at run time, and the names would clash with
those of other V2 clients in the same process. The descriptors live in a pool of their own.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SERVICE = "inference.GRPCInferenceService"

_TYPES = {
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "bytes": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
    "int32": descriptor_pb2.FieldDescriptorProto.TYPE_INT32,
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
    "uint32": descriptor_pb2.FieldDescriptorProto.TYPE_UINT32,
    "uint64": descriptor_pb2.FieldDescriptorProto.TYPE_UINT64,
    "float": descriptor_pb2.FieldDescriptorProto.TYPE_FLOAT,
    "double": descriptor_pb2.FieldDescriptorProto.TYPE_DOUBLE,
}

# Message: fields as "name=number type"; "*" is repeated, "map" is map<string, type>, "|" a member of a oneof.
_MESSAGES: dict[str, str] = {
    "InferParameter": "bool_param=1 |bool, int64_param=2 |int64, string_param=3 |string, double_param=4 |double, "
    "uint64_param=5 |uint64",
    "InferTensorContents": "bool_contents=1 *bool, int_contents=2 *int32, int64_contents=3 *int64, "
    "uint_contents=4 *uint32, uint64_contents=5 *uint64, fp32_contents=6 *float, fp64_contents=7 *double, "
    "bytes_contents=8 *bytes",
    "InferTensor": "name=1 string, datatype=2 string, shape=3 *int64, parameters=4 map InferParameter, "
    "contents=5 InferTensorContents",
    "InferRequestedOutputTensor": "name=1 string, parameters=2 map InferParameter",
    "ModelInferRequest": "model_name=1 string, model_version=2 string, id=3 string, parameters=4 map InferParameter, "
    "inputs=5 *InferTensor, outputs=6 *InferRequestedOutputTensor, raw_input_contents=7 *bytes",
    "ModelInferResponse": "model_name=1 string, model_version=2 string, id=3 string, parameters=4 map InferParameter, "
    "outputs=5 *InferTensor, raw_output_contents=6 *bytes",
    "ModelReadyRequest": "name=1 string, version=2 string",
    "ModelReadyResponse": "ready=1 bool",
    "ServerMetadataRequest": "",
    "ServerMetadataResponse": "name=1 string, version=2 string, extensions=3 *string",
    "ModelMetadataRequest": "name=1 string, version=2 string",
    "TensorMetadata": "name=1 string, datatype=2 string, shape=3 *int64",
    "ModelMetadataResponse": "name=1 string, versions=2 *string, platform=3 string, inputs=4 *TensorMetadata, "
    "outputs=5 *TensorMetadata, properties=6 map string",
}

#: Calls of the service that this package makes, with what they take and give.
METHODS = {
    name: (f"{name}Request", f"{name}Response")
    for name in ("ModelInfer", "ModelReady", "ServerMetadata", "ModelMetadata")
}


def _add_map(message: Any, field: Any, value_type: str) -> None:
    entry = message.nested_type.add(name="".join(part.title() for part in field.name.split("_")) + "Entry")
    entry.options.map_entry = True
    for name, number, kind in (("key", 1, "string"), ("value", 2, value_type)):
        _set_type(entry.field.add(name=name, number=number, label=1), kind)
    field.label = 3
    field.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
    field.type_name = f".inference.{message.name}.{entry.name}"


def _set_type(field: Any, kind: str) -> None:
    if kind in _TYPES:
        field.type = _TYPES[kind]
    else:
        field.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
        field.type_name = f".inference.{kind}"


def _add_field(message: Any, text: str) -> None:
    name, number = text.split(" ", 1)[0].split("=")
    kind = text.split(" ", 1)[1]
    field = message.field.add(name=name, number=int(number), label=1)
    if kind.startswith("map "):
        _add_map(message, field, kind[4:])
        return
    if kind.startswith("*"):
        field.label = 3
    if kind.startswith("|"):
        if not message.oneof_decl:
            message.oneof_decl.add(name="parameter_choice")
        field.oneof_index = 0
    _set_type(field, kind.lstrip("*|"))


def _build() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="aimass/inference.proto", package="inference", syntax="proto3")
    for message_name, fields in _MESSAGES.items():
        message = file.message_type.add(name=message_name)
        for text in filter(None, fields.split(", ")):
            _add_field(message, text)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"inference.{name}")) for name in _MESSAGES
    }


#: Message classes by name.
MESSAGES: dict[str, Any] = _build()
