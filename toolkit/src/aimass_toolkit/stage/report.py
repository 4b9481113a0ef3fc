"""How a stage says how it ended: one JSON object for the operator, and an exit code."""

from __future__ import annotations

import errno
import json
import math
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

MAX_BYTES = 4096
DONE, MAY_PASS, NEEDS_CHANGE = 0, 1, 2


class StageError(Exception):
    """A stage that cannot go on. The reason is a TrainingReason; the message names the field, the value and the remedy.

    `retryable` says that it may pass by itself; `details` are further members of the report.
    """

    def __init__(
        self, reason: str, message: str, retryable: bool = False, details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.retryable = retryable
        self.details = details or {}

    def report(self) -> dict[str, Any]:
        """The report of this failure."""
        return {
            "ok": False,
            "reason": self.reason,
            "message": self.message,
            "retryable": self.retryable,
            **self.details,
        }


def run_stage(main: Callable[[], dict[str, Any]]) -> int:
    """Runs a stage, which returns its result; writes the termination message; gives the exit code."""
    # The first process of a container has no default action for SIGTERM: without this it would live on until killed.
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(128 + signal.SIGTERM))
    try:
        report = {"ok": True, **main()}
    except StageError as error:
        report = error.report()
    except Exception as error:
        traceback.print_exc()
        report = unforeseen(error).report()
    write_report(report)
    if not report["ok"]:
        print(f"{report['reason']}: {report['message']}", file=sys.stderr, flush=True)
    return exit_code(report)


def exit_code(report: dict[str, Any]) -> int:
    """What the operator may do about it: nothing, try again, or wait for a change."""
    if report["ok"]:
        return DONE
    return MAY_PASS if report.get("retryable") else NEEDS_CHANGE


def unforeseen(error: Exception) -> StageError:
    """An exception that no stage expected, as a failure with a short message."""
    if isinstance(error, MemoryError):
        return StageError("OutOfMemory", "The stage needs more memory than it may use; raise its memory limit.")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StageError("StageCrashed", "The work space is full; raise spec.workspace.size.")
    text = " ".join(str(error).split())[:500]
    place = f" ({Path(last_frame(error)).name})" if last_frame(error) else ""
    return StageError(
        "StageCrashed",
        f"{type(error).__name__}: {text}{place}. The log of the pod has the details.",
        isinstance(error, OSError),
    )


def last_frame(error: Exception) -> str:
    """The file in which it happened."""
    frames = traceback.extract_tb(error.__traceback__)
    return frames[-1].filename if frames else ""


def write_report(report: dict[str, Any]) -> None:
    """Writes the termination message. Without a place for it (outside of a container) it goes to standard output."""
    text = fit(report)
    file = Path(os.environ.get("AIMASS_TERMINATION_LOG") or "/dev/termination-log")
    try:
        file.write_text(text, encoding="utf-8")
    except OSError:
        print(text, flush=True)


def fit(report: dict[str, Any]) -> str:
    """The report as JSON of at most 4,096 bytes: the longest texts, lists and objects are shortened until it fits."""
    short = json.loads(encode(report))
    text = encode(short)
    while len(text.encode()) > MAX_BYTES:
        name = max(
            (key for key, value in short.items() if isinstance(value, str | list | dict)),
            key=lambda key: len(encode(short[key])),
        )
        short[name] = shortened(short[name])
        text = encode(short)
    return text


def encode(value: Any) -> str:
    """JSON that every reader takes: numbers that are none become null, what JSON does not know a text."""
    return json.dumps(finite(value), ensure_ascii=False, separators=(",", ":"), default=str, allow_nan=False)


def finite(value: Any) -> Any:
    """The value without NaN and infinities; scalars of numpy become Python's."""
    if isinstance(value, dict):
        return {str(key): finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def shortened(value: Any) -> Any:
    """About half of it."""
    if isinstance(value, str):
        return value[: max(len(value) // 2, 1) - 1] + "…" if len(value) > 2 else ""
    if isinstance(value, list):
        return value[: len(value) // 2]
    keys = list(value)
    return {key: value[key] for key in keys[: len(keys) // 2]}
