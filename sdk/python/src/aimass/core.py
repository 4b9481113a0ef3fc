"""All behaviour of a client, without any I/O: flows that the blocking and the async client run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import quote

import numpy.typing as npt

from .errors import AimassError, InvalidRequest, NotFound, NotReady, NotRepresentable, ProtocolError, Unsupported
from .grpc_channel import is_installed
from .infer_body import InferRequest, InferResult, Parameter, decode_answer, encode_binary, encode_json
from .metadata import ModelEntry, ModelInfo, ServerInfo, read_model_info, read_server_info
from .retry import Asking, Deadline, RetryPolicy, ask_grpc, ask_http
from .steps import Flow, GrpcAnswer, GrpcCall, HttpAnswer, HttpCall
from .tensors import Tensor, as_tensors

Protocol = Literal["auto", "json", "binary", "grpc"]
_PROTOCOLS = ("auto", "json", "binary", "grpc")
_BINARY = "binary_tensor_data"


@dataclass(frozen=True)
class InferOptions:
    """Options of one inference."""

    outputs: Sequence[str] | None = None
    version: str | None = None
    request_id: str | None = None
    parameters: Mapping[str, Parameter] | None = None
    protocol: Protocol | None = None
    timeout: float | None = None
    task: str | None = None


class Core:
    """What a client knows of its server, and the flows over it."""

    def __init__(
        self,
        *,
        has_http: bool,
        has_grpc: bool,
        model: str | None,
        protocol: Protocol,
        timeout: float,
        retry: RetryPolicy,
    ) -> None:
        _check_protocol(protocol)
        if timeout <= 0:
            raise InvalidRequest(f"timeout is {timeout}; give seconds above 0")
        self.has_http = has_http
        self.has_grpc = has_grpc and (not has_http or is_installed())
        self.model = model
        self.protocol = protocol
        self.timeout = timeout
        self.retry = retry
        self._server: ServerInfo | None = None
        self._models: dict[tuple[str, str | None], ModelInfo] = {}

    def asking(self, model: str | None = None, timeout: float | None = None) -> Asking:
        """Start the clock of one call of the user."""
        return Asking(self.retry, Deadline(self.timeout if timeout is None else timeout), model)

    # --- what is there -----------------------------------------------------------------------------------------------

    def server_info(self, asking: Asking | None = None) -> Flow[ServerInfo]:
        """Name, version and extensions of the server; asked once."""
        if self._server is None:
            asking = asking or self.asking()
            if self.has_http:
                answer = yield from self._get("/v2", asking)
                self._server = read_server_info(_json(answer))
            else:
                self._server = yield from self._grpc_server_info(asking)
        return self._server

    def model_info(
        self, model: str | None, version: str | None = None, asking: Asking | None = None
    ) -> Flow[ModelInfo]:
        """Inputs, outputs and task of a model; asked once, and again when another revision answers."""
        name = yield from self.model_name(model, asking)
        if (name, version) not in self._models:
            asking = asking or self.asking(name)
            if self.has_http:
                answer = yield from self._get(_model_path(name, version), asking)
                info = read_model_info(_json(answer))
            else:
                info = yield from self._grpc_model_info(name, version, asking)
            self._models[name, version] = info
        return self._models[name, version]

    def models(self, asking: Asking | None = None) -> Flow[list[ModelEntry]]:
        """The models of the server: its repository index, or its list in OpenAI's form without an index."""
        asking = asking or self.asking()
        self._needs_http("listing models")
        try:
            call = HttpCall("POST", "/v2/repository/index", 0, {"content-type": "application/json"}, b"{}")
            listed = _json((yield from ask_http(call, asking)))
            return [
                ModelEntry(
                    str(i["name"]), str(i.get("version", "")), str(i.get("state", "UNKNOWN")), str(i.get("reason", ""))
                )
                for i in listed
            ]
        except AimassError as error:
            if error.status not in (401, 403, 404, 405):
                raise
        try:
            answer = yield from self._get("/v1/models", asking)
        except AimassError as error:
            if error.status not in (404, 405):
                raise
            message = "this server does not list its models; name one, and ask for its metadata"
            raise Unsupported(message, status=error.status) from error
        return [ModelEntry(str(item["id"]), "", "READY", "") for item in _json(answer)["data"]]

    def model_name(self, model: str | None, asking: Asking | None = None) -> Flow[str]:
        """The model to ask: the one named, the client's own, or the only one of the server."""
        name = model or self.model
        if name is None:
            names = sorted({entry.name for entry in (yield from self.models(asking))})
            if len(names) != 1:
                raise InvalidRequest(
                    f"name a model: model=, one of {', '.join(names) or 'none (the server has no model)'}"
                )
            self.model = name = names[0]
        return name

    def ready(self, model: str | None) -> Flow[None]:
        """Return when the model has just answered its golden request; raises NotReady with the reason otherwise."""
        name = yield from self.model_name(model)
        asking = replace(self.asking(name), policy=RetryPolicy(attempts=1))
        try:
            if self.has_http:
                yield from self._get(f"{_model_path(name, None)}/ready", asking)
                return
            from .grpc_schema import MESSAGES

            answer = yield from ask_grpc(GrpcCall("ModelReady", MESSAGES["ModelReadyRequest"](name=name), 0), asking)
        except AimassError as error:
            if error.status != 503:
                raise
            raise NotReady(error.message, status=503, model=name, retry_after=error.retry_after) from error
        if not answer.message.ready:
            raise NotReady(f"{name} is not ready", model=name)

    # --- inference ---------------------------------------------------------------------------------------------------

    def infer(
        self, inputs: Mapping[str, npt.ArrayLike] | Sequence[Tensor], model: str | None, options: InferOptions
    ) -> Flow[InferResult]:
        """Open Inference V2, as it is: no conversion."""
        tensors = as_tensors(inputs)
        name = yield from self.model_name(model)
        asking = self.asking(name, options.timeout)
        return (yield from self.infer_tensors(tensors, name, options, asking))

    def infer_tensors(
        self, tensors: Sequence[Tensor], model: str, options: InferOptions, asking: Asking
    ) -> Flow[InferResult]:
        """Send tensors by the protocol that fits."""
        request = InferRequest(
            model, tensors, options.outputs, options.version, options.request_id, options.parameters or {}
        )
        protocol = yield from self._choose(options.protocol or self.protocol, asking)
        result = yield from self._send(request, protocol, asking)
        self._notice_revision(model, options.version, result)
        return result

    def _choose(self, wanted: Protocol, asking: Asking) -> Flow[str]:
        _check_protocol(wanted)
        if wanted == "auto":
            # Binary carries every value exactly, in and out, and costs both sides less than JSON at any size.
            if self.has_grpc:
                return "grpc"
            server = yield from self.server_info(asking)
            return "binary" if _BINARY in server.extensions else "json"
        if wanted == "grpc" and not self.has_grpc:
            hint = "give grpc_url=" if is_installed() else "pip install 'aimass[grpc]'"
            raise Unsupported(f"gRPC was asked for, but this client has no gRPC connection; {hint}")
        if wanted != "grpc":
            self._needs_http(f"protocol {wanted!r}")
        if wanted == "binary" and _BINARY not in (yield from self.server_info(asking)).extensions:
            raise Unsupported('this server has no binary tensor extension; use protocol="json"')
        return wanted

    def _send(self, request: InferRequest, protocol: str, asking: Asking) -> Flow[InferResult]:
        if protocol == "grpc":
            from .grpc_codec import decode_response, encode_request

            sent: GrpcAnswer = yield from ask_grpc(GrpcCall("ModelInfer", encode_request(request), 0), asking)
            return decode_response(sent.message, sent.headers)
        content, headers = encode_binary(request) if protocol == "binary" else encode_json(request)
        path = f"{_model_path(request.model, request.version)}/infer"
        answer: HttpAnswer = yield from ask_http(HttpCall("POST", path, 0, headers, content), asking)
        return decode_answer(answer.content, answer.headers)

    def _notice_revision(self, model: str, version: str | None, result: InferResult) -> None:
        known = self._models.get((model, version))
        if known and known.revision and result.revision and known.revision != result.revision:
            del self._models[model, version]

    # --- tasks -------------------------------------------------------------------------------------------------------

    def task(self, body: bytes, content_type: str, model: str, asking: Asking, task: str | None = None) -> Flow[Any]:
        """Ask the task endpoint of a model; gives the JSON that it answers. Without a task it is the model's own."""
        self._needs_http("task endpoints")
        path = f"/models/{quote(model, safe='')}"
        if task is not None:
            path += f"/pipeline/{quote(task, safe='')}"
        call = HttpCall("POST", path, 0, {"content-type": content_type}, body)
        try:
            answer = yield from ask_http(call, asking)
        except NotFound as error:
            if not error.message.startswith("There is nothing at"):
                raise
            message = "this server has no task endpoints, so it takes tensors only; give arrays, or upgrade the server"
            raise Unsupported(message, status=404, model=model) from error
        return _json(answer)

    # --- small parts -------------------------------------------------------------------------------------------------

    def _get(self, path: str, asking: Asking) -> Flow[HttpAnswer]:
        return (yield from ask_http(HttpCall("GET", path, 0), asking))

    def _needs_http(self, what: str) -> None:
        if not self.has_http:
            raise Unsupported(f"{what} needs the REST address; connect by http://host:port")

    def _grpc_server_info(self, asking: Asking) -> Flow[ServerInfo]:
        from .grpc_codec import decode_server_info
        from .grpc_schema import MESSAGES

        answer = yield from ask_grpc(GrpcCall("ServerMetadata", MESSAGES["ServerMetadataRequest"](), 0), asking)
        return decode_server_info(answer.message)

    def _grpc_model_info(self, name: str, version: str | None, asking: Asking) -> Flow[ModelInfo]:
        from .grpc_codec import decode_model_info
        from .grpc_schema import MESSAGES

        message = MESSAGES["ModelMetadataRequest"](name=name, version=version or "")
        answer = yield from ask_grpc(GrpcCall("ModelMetadata", message, 0), asking)
        return decode_model_info(answer.message)


def _check_protocol(protocol: str) -> None:
    if protocol not in _PROTOCOLS:
        raise InvalidRequest(f"protocol is {protocol!r}; use one of {', '.join(_PROTOCOLS)}")


def _model_path(name: str, version: str | None) -> str:
    path = f"/v2/models/{quote(name, safe='')}"
    return path if version is None else f"{path}/versions/{quote(version, safe='')}"


def _json(answer: HttpAnswer) -> Any:
    try:
        return json.loads(answer.content)
    except ValueError as error:
        raise ProtocolError("the answer is not JSON; check that the URL is that of an AI Mass server") from error


__all__ = ["Core", "InferOptions", "NotRepresentable", "Protocol"]
