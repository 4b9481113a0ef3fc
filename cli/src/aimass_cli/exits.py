"""Exit codes, and errors as people read them."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

import aimass
import typer
from rich.console import Console

FAILED = 1
USAGE = 2
NOT_FOUND = 3
NOT_REACHABLE = 4


class UsageError(Exception):
    """The command line is wrong: flags that do not go together, a file that cannot be read."""


def exit_code(error: Exception) -> int:
    """Exit code of an error: 4 is for what asking again later can mend."""
    if isinstance(error, UsageError):
        return USAGE
    if isinstance(error, aimass.NotFound):
        return NOT_FOUND
    if isinstance(error, (aimass.NoCluster, aimass.Timeout)) or (
        isinstance(error, aimass.AimassError) and error.retryable
    ):
        return NOT_REACHABLE
    return FAILED


@contextlib.contextmanager
def told_to_people() -> Iterator[None]:
    """End the program with a sentence on stderr and the right exit code, never with a stack."""
    try:
        yield
    except (UsageError, aimass.AimassError) as error:
        console = Console(stderr=True, soft_wrap=True, highlight=False)
        console.print("[red bold]error:[/] ", end="")
        console.print(str(error), markup=False)
        raise typer.Exit(exit_code(error)) from error
    except BrokenPipeError as error:
        # The reader has gone, as head does; what is left in the buffer must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from error
