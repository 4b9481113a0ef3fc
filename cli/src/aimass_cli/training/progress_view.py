"""How a run looks while it goes on, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ..render import short
from .times import left, took
from .words import Job, best_trial, latest_metrics, pairs, stage_result, status_of, step_of, trial_counts

MARKS = {
    "Succeeded": ("✓", "green"),
    "Running": ("▸", "cyan bold"),
    "Failed": ("✗", "red bold"),
    "Waiting": ("·", "dim"),
}
_BAR_WIDTH = 24


def draw(job: Job, now: datetime) -> RenderableType:
    """Head, stages and what there is to know beside them."""
    status = status_of(job)
    run = status.get("run") or {}
    parts = [job["metadata"]["name"], f"run {run['number']}" if run else None, status.get("phase"), took(run, now)]
    head = Text(" · ".join(str(part) for part in parts if part), style="bold")
    return Group(head, stage_table(job, now), _facts(job))


def stage_table(job: Job, now: datetime) -> Table:
    """A line a stage: a mark, how long, how far, what came of it."""
    made = Table.grid(padding=(0, 2, 0, 0))
    for stage in status_of(job).get("stages") or []:
        mark, style = MARKS[stage["state"]]
        words = [stage_result(stage)] if stage["state"] == "Succeeded" else []
        attempt = stage.get("attempt") or 1
        words += [f"attempt {attempt}"] if attempt > 1 and stage["state"] != "Succeeded" else []
        words += [f"{stage.get('reason') or ''}"] if stage["state"] in ("Failed", "Waiting") else []
        is_training = stage["name"] == "train" and stage["state"] == "Running"
        said: RenderableType = _bar(job, now) if is_training else Text(", ".join(word for word in words if word))
        made.add_row(Text(f"  {mark}", style=style), stage["name"], Text(took(stage, now) or "", style="dim"), said)
    return made


def _bar(job: Job, now: datetime) -> RenderableType:
    progress = status_of(job).get("progress") or {}
    percent = progress.get("percent")
    if percent is None:
        return Text(f"step {step_of(progress)}" if step_of(progress) else "")
    made = Table.grid(padding=(0, 1, 0, 0))
    rest = left(progress, now)
    words = [f"{percent:.0f} %", step_of(progress), f"ETA {rest}" if rest else None]
    made.add_row(ProgressBar(total=100, completed=percent, width=_BAR_WIDTH), "  ".join(word for word in words if word))
    return made


def _facts(job: Job) -> Table:
    made = Table.grid(padding=(0, 2, 0, 0))
    for name, text, style in _fact_lines(job):
        made.add_row(Text(name, style="dim"), Text(text, style=style))
    return made


def _fact_lines(job: Job) -> Iterator[tuple[str, str, str]]:
    status = status_of(job)
    facts = {
        "metrics": pairs(latest_metrics(job)),
        "trials": trial_counts(job),
        "best": best_trial(job),
        "workers": _workers(status),
        "restarts": short((status.get("run") or {}).get("restarts") or None),
    }
    yield from ((name, text, "") for name, text in facts.items() if text)
    note = (status.get("metrics") or {}).get("note")
    yield from (
        (name, text, "yellow") for name, text in (("note", note), ("waiting", status.get("waitingFor"))) if text
    )
    yield from (
        (stage["name"], stage["message"], "red" if stage["state"] == "Failed" else "yellow")
        for stage in status.get("stages") or []
        if stage.get("message") and stage["state"] in ("Failed", "Waiting")
    )


def _workers(status: Mapping[str, Any]) -> str | None:
    workers = status.get("workers")
    if workers is None or (workers["wanted"] <= 1 and not workers.get("stalled")):
        return None
    named = [f"{key}: {', '.join(workers[key])}" for key in ("stalled", "stragglers") if workers.get(key)]
    return f"{workers['running']} of {workers['wanted']} run" + (f"; {'; '.join(named)}" if named else "")
