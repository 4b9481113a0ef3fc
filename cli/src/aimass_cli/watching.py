"""Show something again whenever it has changed, until Ctrl-C."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
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
    last = read()
    out = console()
    is_terminal = sys.stdout.isatty()
    with contextlib.suppress(KeyboardInterrupt), Live(draw(last), console=out, auto_refresh=False) as live:
        if not is_terminal:
            live.stop()
        while True:
            time.sleep(seconds)
            try:
                now = read()
            except aimass.ConnectionFailed as error:
                print(f"{error}; trying again", file=sys.stderr)
                continue
            if is_terminal:
                live.update(draw(now), refresh=True)
            elif now != last:
                out.print(draw(now))
            last = now
