"""What callers did wrong, with the HTTP status that says so."""

from __future__ import annotations

from typing import Any


class Problem(Exception):
    """An answer that is an error: ``reason`` is for programs, the message for people."""

    status = 400
    reason = "RequestInvalid"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def body(self) -> dict[str, Any]:
        """The JSON document of this error."""
        return {"error": {"reason": self.reason, "message": self.message}}


class RequestInvalid(Problem):
    """The request is not what the service takes: it is a mistake of the caller, not of the search."""


class SearchSpaceInvalid(Problem):
    """The search space is empty or contradicts itself; ``field`` is a path inside ``spec.search``."""

    status = 422
    reason = "SearchSpaceInvalid"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


class TooLarge(Problem):
    """The body is larger than the service reads."""

    status = 413
    reason = "RequestTooLarge"


class TooSlow(Problem):
    """The body did not arrive in time."""

    status = 408
    reason = "RequestTimeout"


class Busy(Problem):
    """Too many questions at once: asking again later helps."""

    status = 503
    reason = "Busy"
