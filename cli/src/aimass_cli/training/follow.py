"""Stays with a run until it has ended."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any, Protocol

import aimass
from aimass.cluster import Cluster
from aimass.training import has_ended
from aimass.training_logs import LogLine, Which
from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from ..render import console
from .changes import changes
from .progress_view import draw
from .words import Job, status_of

_LOOKS_PER_SECOND = 2


class View(Protocol):
    """Shows a job, and lines that its pods print."""

    def show(self, job: Job) -> None:
        """The job has changed."""

    def line(self, line: LogLine) -> None:
        """A pod has printed something."""


def now() -> datetime:
    """The time, as in a status."""
    return datetime.now(timezone.utc)


class Lines:
    """One line a change, for pipes and logs."""

    def __init__(self) -> None:
        self._before: Job | None = None
        self._out = console()

    def show(self, job: Job) -> None:
        """The job has changed."""
        for text in changes(self._before, job, now()):
            self._print(text)
        self._before = job

    def line(self, line: LogLine) -> None:
        """A pod has printed something."""
        self._print(f"{line.container} | {line.text}")

    def _print(self, text: str) -> None:
        self._out.print(text, markup=False, soft_wrap=True)
        sys.stdout.flush()


class Picture:
    """Drawn in place, with the lines of pods above."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.live = Live(
            get_renderable=self._draw, console=Console(highlight=False), refresh_per_second=_LOOKS_PER_SECOND
        )

    def show(self, job: Job) -> None:
        """The job has changed."""
        self._job = job
        self.live.refresh()

    def _draw(self) -> RenderableType:
        return draw(self._job, now())

    def line(self, line: LogLine) -> None:
        """A pod has printed something."""
        self.live.console.print(Text(f"{line.container} | ", style="dim").append(line.text, style=""))


@contextlib.contextmanager
def open_view(job: Job) -> Iterator[View]:
    """In place on a terminal, as lines elsewhere."""
    if not sys.stdout.isatty():
        yield Lines()
        return
    picture = Picture(job)
    with picture.live:
        yield picture


def follow(cluster: Cluster, job: dict[str, Any], *, has_logs: bool) -> dict[str, Any]:
    """Show the job until the run of what its spec says is over; gives it as it is then."""
    name = job["metadata"]["name"]
    reader: threading.Thread | None = None
    latest = job
    with open_view(job) as view:
        for latest in cluster.training.watch(name, on_lost=_tell_lost):
            if status_of(latest).get("observedGeneration", -1) < latest["metadata"]["generation"]:
                continue  # what it says is of the spec before
            view.show(latest)
            if has_logs and reader is None and "run" in status_of(latest):
                reader = _read_logs(cluster, latest, view)
            if has_ended(latest):
                break
        if reader is not None:
            reader.join(timeout=5)
    return latest


def _tell_lost(error: aimass.ConnectionFailed) -> None:
    print(f"{error}; trying again", file=sys.stderr)


def _read_logs(cluster: Cluster, job: Job, view: View) -> threading.Thread:
    def read() -> None:
        which = Which(stage="train", run=status_of(job)["run"]["number"])
        with contextlib.suppress(aimass.AimassError):
            for line in cluster.training.logs(job["metadata"]["name"], which, follow=True):
                view.line(line)

    thread = threading.Thread(target=read, daemon=True, name="aimass-logs")
    thread.start()
    return thread
