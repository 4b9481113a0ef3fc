"""Show something again whenever it has changed, until Ctrl-C."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import aimass
from rich.console import RenderableType
from rich.live import Live

from .exits import UsageError
from .render import console

T = TypeVar("T")


def watch(read: Callable[[], T], draw: Callable[[T], RenderableType], seconds: float) -> None:
    """On a terminal draw in place; elsewhere print each change. A lost connection is said, and tried again."""
    if seconds <= 0:
        raise UsageError(f"--interval is {seconds:g}; give seconds above 0")
    # The first reading tells whether it works at all.
    first = read()
    out = console()
    with contextlib.suppress(KeyboardInterrupt):
        if not sys.stdout.isatty():
            out.print(draw(first))
            for now in _changes(read, first, seconds):
                out.print(draw(now))
            return
        with Live(draw(first), console=out, auto_refresh=False) as live:
            for now in _changes(read, first, seconds):
                live.update(draw(now), refresh=True)


def _changes(read: Callable[[], T], last: T, seconds: float) -> Iterator[T]:
    while True:
        time.sleep(seconds)
        try:
            now = read()
        except aimass.ConnectionFailed as error:
            print(f"{error}; trying again", file=sys.stderr)
            continue
        if now != last:
            yield now
        last = now
