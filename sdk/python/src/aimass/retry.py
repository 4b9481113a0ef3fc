"""When to ask again, and how long to wait before."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .errors import AimassError, ProtocolError, Timeout, error_for_status
from .steps import Flow, GrpcAnswer, GrpcCall, HttpAnswer, HttpCall, Pause


@dataclass(frozen=True)
class RetryPolicy:
    """How often to ask, and how long to wait in between.

    Only what can pass by itself is tried again: no connection, a broken connection, 429, 503 and their gRPC kin.
    Inference changes nothing on the server, so asking twice is safe.

    Args:
        attempts: How often to ask in all; 1 never asks again.
        base_seconds: First wait; each further one is twice as long, with up to half of it taken off at random.
        max_seconds: Longest wait. A server's Retry-After counts, up to this.
    """

    attempts: int = 3
    base_seconds: float = 0.2
    max_seconds: float = 10.0

    def wait(self, attempt: int, retry_after: float | None) -> float:
        """Seconds to wait after the given attempt (1 is the first)."""
        backoff = self.base_seconds * 2 ** (attempt - 1) * random.uniform(0.5, 1)
        return float(min(max(backoff, retry_after or 0), self.max_seconds))


class Deadline:
    """The time that one call of the user may take, waits and repeats included."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left; never negative."""
        return max(0.0, self._ends - time.monotonic())


@dataclass(frozen=True)
class Asking:
    """Everything that is the same for each step of one call of the user."""

    policy: RetryPolicy
    deadline: Deadline
    model: str | None = None


def ask_http(call: HttpCall, asking: Asking) -> Flow[HttpAnswer]:
    """Send an HTTP request, again where that can help; raises the typed error of any answer that is not 2xx."""

    def attempt(timeout: float) -> Flow[HttpAnswer]:
        answer: HttpAnswer = yield replace(call, timeout=timeout)
        if not 200 <= answer.status < 300:
            raise error_from_answer(answer, asking.model)
        return answer

    answer: HttpAnswer = yield from _repeat(attempt, asking)
    return answer


def ask_grpc(call: GrpcCall, asking: Asking) -> Flow[GrpcAnswer]:
    """Make a gRPC call, again where that can help."""

    def attempt(timeout: float) -> Flow[GrpcAnswer]:
        answer: GrpcAnswer = yield replace(call, timeout=timeout)
        return answer

    answer: GrpcAnswer = yield from _repeat(attempt, asking)
    return answer


def _repeat(attempt: Callable[[float], Flow[Any]], asking: Asking) -> Flow[Any]:
    policy, deadline = asking.policy, asking.deadline
    number = 0
    while True:
        number += 1
        left = deadline.left()
        if left <= 0:
            raise Timeout(f"no answer within {deadline.seconds:g} s; give more time with timeout=", model=asking.model)
        try:
            return (yield from attempt(left))
        except AimassError as error:
            error.model = error.model or asking.model
            wait = policy.wait(number, error.retry_after)
            if not error.retryable or number >= policy.attempts or wait >= deadline.left():
                raise
        yield Pause(wait)


def error_from_answer(answer: HttpAnswer, model: str | None) -> AimassError:
    """Make the typed error of an answer that is not 2xx."""
    kind = error_for_status(answer.status)
    said = _message_of(answer.content)
    if said is None and kind.__name__ == "NotFound":
        kind = ProtocolError
    message = said or f"the server answered {answer.status} without saying why; is the URL that of an AI Mass server?"
    return kind(message, status=answer.status, model=model, retry_after=read_retry_after(answer.headers))


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header; dates are not read, V2 servers send seconds."""
    try:
        return max(0.0, float(headers.get("retry-after", "")))
    except ValueError:
        return None


def _message_of(content: bytes) -> str | None:
    """What the server says: V2 {"error": text}, OpenAI {"error": {"message"}}, Kubernetes {"message"}."""
    try:
        body = json.loads(content)
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    error = body.get("error", body.get("message"))
    if isinstance(error, dict):
        error = error.get("message")
    return error if isinstance(error, str) and error else None
