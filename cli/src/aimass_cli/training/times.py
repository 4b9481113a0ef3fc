"""Times of a status, for people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def parse(text: str | None) -> datetime | None:
    """A time as Kubernetes writes it."""
    return None if not text else datetime.fromisoformat(text.replace("Z", "+00:00"))


def length(part: Mapping[str, Any], now: datetime) -> float | None:
    """How many seconds a stage or a run took, or takes so far."""
    start, end = parse(part.get("startedAt")), parse(part.get("finishedAt"))
    return None if start is None else ((end or now) - start).total_seconds()


def took(part: Mapping[str, Any], now: datetime) -> str | None:
    """The same for people."""
    count = length(part, now)
    return None if count is None else seconds(count)


def seconds(count: float) -> str:
    """A length of time: 14 s, 2 min 5 s, 1 h 3 min."""
    whole = max(0, round(count))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def left(progress: Mapping[str, Any], now: datetime) -> str | None:
    """How long it still takes, counted on since that was estimated."""
    eta, at = progress.get("etaSeconds"), parse(progress.get("observedAt"))
    if eta is None:
        return None
    gone = 0.0 if at is None else (now - at).total_seconds()
    return seconds(float(eta) - gone)
