"""What a call does to the outside world, as values: the logic above is the same for the blocking and the async client.

A flow is a generator: it yields steps, gets what they gave, and returns the result. Drivers carry the steps out.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class HttpCall:
    """One HTTP request; ``path`` is below the client's base URL."""

    method: str
    path: str
    timeout: float
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


@dataclass(frozen=True)
class HttpAnswer:
    """Its answer; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True)
class GrpcCall:
    """One gRPC call of the V2 service."""

    method: str
    message: Any
    timeout: float


@dataclass(frozen=True)
class GrpcAnswer:
    """Its answer, with the initial metadata."""

    message: Any
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Pause:
    """Wait before the next step."""

    seconds: float


Step = HttpCall | GrpcCall | Pause
Flow = Generator[Step, Any, T]
