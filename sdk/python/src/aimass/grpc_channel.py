"""gRPC connections, blocking and async. grpcio is imported when the first one is opened."""

from __future__ import annotations

import importlib.util
from typing import Any
from urllib.parse import urlsplit

from .errors import AimassError, ConnectionFailed, InvalidRequest, Timeout, Unsupported, error_for_status
from .steps import GrpcAnswer, GrpcCall

# Tensors are large; the server has its own limit.
_OPTIONS = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))

#: Words of grpc itself for a connection that could not be made or was lost.
_LOST = ("connect", "resolution", "socket", "goaway", "recvmsg", "broken pipe")
#: gRPC codes as the HTTP status that says the same.
_HTTP_STATUS = {
    "INVALID_ARGUMENT": 400,
    "OUT_OF_RANGE": 400,
    "FAILED_PRECONDITION": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "UNIMPLEMENTED": 415,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNKNOWN": 500,
    "DATA_LOSS": 500,
    "ABORTED": 503,
}


def is_installed() -> bool:
    """Whether grpcio and protobuf can be imported."""
    try:
        return all(importlib.util.find_spec(name) for name in ("grpc", "google.protobuf"))
    except ImportError:
        return False


def _import_grpc() -> Any:
    try:
        import grpc
    except ImportError as error:
        raise Unsupported("gRPC needs the package grpcio: pip install 'aimass[grpc]'") from error
    return grpc


def _target(url: str) -> tuple[str, bool]:
    parts = urlsplit(url)
    if parts.scheme not in ("grpc", "grpcs") or not parts.netloc:
        raise InvalidRequest(f"grpc_url is {url!r}; write grpc://host:port, or grpcs://host:port for TLS")
    return parts.netloc, parts.scheme == "grpcs"


def _open(url: str, module: Any, credentials: Any) -> Any:
    target, is_secure = _target(url)
    if is_secure:
        return module.secure_channel(target, credentials(), options=_OPTIONS)
    return module.insecure_channel(target, options=_OPTIONS)


def _method(channel: Any, name: str) -> Any:
    from .grpc_schema import MESSAGES, METHODS, SERVICE

    _, response = METHODS[name]
    return channel.unary_unary(
        f"/{SERVICE}/{name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=MESSAGES[response].FromString,
    )


def _headers(metadata: Any) -> dict[str, str]:
    return {key: value for key, value in metadata or () if isinstance(value, str)}


def _typed_error(error: Any, url: str, timeout: float) -> AimassError:
    code, details = error.code().name, error.details() or ""
    trailing = _headers(error.trailing_metadata())
    if code == "DEADLINE_EXCEEDED":
        return Timeout(f"{url} gave no answer within {timeout:.3g} s; give more time with timeout=")
    retry_after = _retry_after(trailing)
    # UNAVAILABLE comes from grpc itself when nobody is there, and from a server, which says when to come back.
    if code == "UNAVAILABLE" and retry_after is None and any(word in details.lower() for word in _LOST):
        return ConnectionFailed(f"{url} cannot be reached: {details}; check the URL and that the server runs")
    status = _HTTP_STATUS.get(code, 503)
    if code == "RESOURCE_EXHAUSTED" and retry_after is None and "larger" in details:
        status = 413
    return error_for_status(status)(details or code, status=status, retry_after=retry_after)


def _retry_after(trailing: dict[str, str]) -> float | None:
    try:
        return max(0.0, float(trailing["grpc-retry-pushback-ms"]) / 1000)
    except (KeyError, ValueError):
        return None


class GrpcChannel:
    """A blocking gRPC connection; connects when first used."""

    def __init__(self, url: str) -> None:
        self._grpc = _import_grpc()
        self.url = url
        self._channel = _open(url, self._grpc, self._grpc.ssl_channel_credentials)
        self._methods: dict[str, Any] = {}

    def call(self, step: GrpcCall) -> GrpcAnswer:
        """Make one call; raises typed errors."""
        if step.method not in self._methods:
            self._methods[step.method] = _method(self._channel, step.method)
        method = self._methods[step.method]
        try:
            message, call = method.with_call(step.message, timeout=max(step.timeout, 0.001))
        except self._grpc.RpcError as error:
            raise _typed_error(error, self.url, step.timeout) from error
        return GrpcAnswer(message, _headers(call.initial_metadata()))

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()


class AsyncGrpcChannel:
    """An async gRPC connection; opened when first used, in the loop that uses it."""

    def __init__(self, url: str) -> None:
        self._grpc = _import_grpc()
        _target(url)
        self.url = url
        self._channel: Any = None
        self._methods: dict[str, Any] = {}

    async def call(self, step: GrpcCall) -> GrpcAnswer:
        """Make one call; raises typed errors."""
        if self._channel is None:
            import grpc.aio

            self._channel = _open(self.url, grpc.aio, self._grpc.ssl_channel_credentials)
        if step.method not in self._methods:
            self._methods[step.method] = _method(self._channel, step.method)
        call = self._methods[step.method](step.message, timeout=max(step.timeout, 0.001))
        try:
            message = await call
        except self._grpc.RpcError as error:
            raise _typed_error(error, self.url, step.timeout) from error
        return GrpcAnswer(message, _headers(await call.initial_metadata()))

    async def close(self) -> None:
        """Close the connection."""
        if self._channel is not None:
            await self._channel.close()
