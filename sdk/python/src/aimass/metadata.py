"""What a server and a model say of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import ProtocolError
from .tensors import TensorSpec


@dataclass(frozen=True)
class ServerInfo:
    """Name, version and extensions of a server."""

    name: str
    version: str
    extensions: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelInfo:
    """What a model takes and gives.

    Attributes:
        task: Hugging Face task name such as ``"tabular-classification"``, when the server knows it.
        revision: The verified revision that answers, when the server knows it.
    """

    name: str
    versions: tuple[str, ...]
    platform: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def task(self) -> str | None:
        """Hugging Face task name, when the server knows it."""
        return self.parameters.get("task")

    @property
    def revision(self) -> str | None:
        """The revision that answers, when the server knows it."""
        return self.parameters.get("revision")


@dataclass(frozen=True)
class ModelEntry:
    """One line of a server's list of models; ``state`` is READY, LOADING, UNAVAILABLE, …"""

    name: str
    version: str
    state: str
    reason: str


def read_server_info(body: Any) -> ServerInfo:
    """Read the answer of ``GET /v2``."""
    if not isinstance(body, dict) or "name" not in body:
        raise ProtocolError("the server does not speak Open Inference V2 at /v2; check the URL")
    extensions = body.get("extensions") or ()
    return ServerInfo(str(body["name"]), str(body.get("version", "")), tuple(map(str, extensions)))


def read_model_info(body: Any) -> ModelInfo:
    """Read the answer of ``GET /v2/models/NAME``."""
    try:
        return ModelInfo(
            name=str(body["name"]),
            versions=tuple(map(str, body.get("versions") or ())),
            platform=str(body.get("platform", "")),
            inputs=tuple(map(_spec, body.get("inputs") or ())),
            outputs=tuple(map(_spec, body.get("outputs") or ())),
            parameters={str(key): str(value) for key, value in (body.get("parameters") or {}).items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProtocolError("the metadata of the model is not Open Inference V2; check the URL") from error


def _spec(body: Mapping[str, Any]) -> TensorSpec:
    return TensorSpec(str(body["name"]), str(body["datatype"]), tuple(int(size) for size in body["shape"]))
