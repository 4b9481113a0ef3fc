"""Options of one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import TypedDict

from .core import InferOptions, Protocol
from .errors import InvalidRequest
from .infer_body import Parameter


class CallOptions(TypedDict, total=False):
    """Options of ``predict`` and ``infer``; all may be left out."""

    model: str | None
    """The model to ask; default: the one of the client, or the only one of the server."""
    version: str | None
    """A version of the model; default: the newest."""
    outputs: Sequence[str] | None
    """Names of the outputs that are wanted; default: all."""
    parameters: Mapping[str, Parameter] | None
    """V2 parameters of the request."""
    task: str | None
    """Hugging Face name of the task, for a model whose server knows none; default: the model's own."""
    task_parameters: Mapping[str, Any] | None
    """Parameters of a task endpoint, such as ``{"top_k": 3}``."""
    request_id: str | None
    """Comes back as ``id`` of the result."""
    protocol: Protocol | None
    """``"auto"``, ``"json"``, ``"binary"`` or ``"grpc"``; default: that of the client."""
    timeout: float | None
    """Seconds for this call, repeats included; default: that of the client."""


_KNOWN = frozenset(CallOptions.__annotations__)


def read_options(given: CallOptions) -> tuple[str | None, InferOptions, dict[str, Any] | None]:
    """Split options into the model, those of inference, and those of the task endpoint."""
    unknown = sorted(set(given) - _KNOWN)
    if unknown:
        raise TypeError(f"there is no option {unknown[0]!r}; the options are {', '.join(sorted(_KNOWN))}")
    timeout = given.get("timeout")
    if timeout is not None and timeout <= 0:
        raise InvalidRequest(f"timeout is {timeout}; give seconds above 0")
    options = InferOptions(
        outputs=given.get("outputs"),
        version=given.get("version"),
        request_id=given.get("request_id"),
        parameters=given.get("parameters"),
        protocol=given.get("protocol"),
        timeout=timeout,
        task=given.get("task"),
    )
    task_parameters = given.get("task_parameters")
    return given.get("model"), options, dict(task_parameters) if task_parameters else None
