"""The commands ``retry``, ``rerun``, ``suspend`` and ``resume``."""

from __future__ import annotations

from typing import Annotated

import aimass
import typer

from ..connection import Context, Namespace, Place
from ..exits import told_to_people
from .words import status_of

Name = Annotated[str, typer.Argument(help="Name of the job.")]


def retry(name: Name, namespace: Namespace = None, context: Context = None) -> None:
    """Go on with a training that failed, from the stage that failed."""
    with told_to_people():
        jobs = Place(None, namespace, context).cluster().training
        phase = status_of(jobs.get(name)).get("phase")
        if phase == "Succeeded":
            raise aimass.InvalidRequest(
                f"{name} has succeeded: there is nothing to retry; aimass rerun {name} trains anew"
            )
        jobs.retry(name)
        _say(name, namespace, "is tried again from the stage that failed")


def rerun(name: Name, namespace: Namespace = None, context: Context = None) -> None:
    """Start a new run from the beginning. One that goes on is stopped."""
    with told_to_people():
        Place(None, namespace, context).cluster().training.rerun(name)
        _say(name, namespace, "begins a new run")


def suspend(name: Name, namespace: Namespace = None, context: Context = None) -> None:
    """Stop the pods of a training, and keep everything else."""
    with told_to_people():
        Place(None, namespace, context).cluster().training.suspend(name)
        typer.echo(f"{name} is suspended; aimass resume {name}{_where(namespace)} goes on from its last checkpoint")


def resume(name: Name, namespace: Namespace = None, context: Context = None) -> None:
    """Go on with a training that was suspended."""
    with told_to_people():
        Place(None, namespace, context).cluster().training.resume(name)
        _say(name, namespace, "goes on")


def _say(name: str, namespace: str | None, words: str) -> None:
    typer.echo(f"{name} {words}; aimass jobs {name} --watch{_where(namespace)} follows it")


def _where(namespace: str | None) -> str:
    return f" -n {namespace}" if namespace else ""
