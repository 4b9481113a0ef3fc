"""What has changed between two looks at a job, a line each: for logs and pipes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from .times import left, took
from .words import Job, best_trial, latest_metrics, pairs, stage_result, status_of, step_of, trial_counts

Status = Mapping[str, Any]


def changes(before: Job | None, job: Job, now: datetime) -> Iterator[str]:
    """The lines that tell it."""
    old, new = status_of(before) if before else {}, status_of(job)
    if _number(old) != _number(new):
        old = {}
        yield f"run {_number(new)} has begun ({(new.get('run') or {}).get('trigger', 'Created')})"
    yield from _stages(old, new, now)
    yield from _progress(old, new, job, now)
    if _trial_figures(old) != _trial_figures(new) and "trials" in new:
        best = best_trial(job)
        yield f"trials: {trial_counts(job)}" + (f"; best {best}" if best else "")
    for key, words in (("waitingFor", "waiting: {}"), ("phase", "the job is {}")):
        if new.get(key) != old.get(key) and new.get(key) and (key != "phase" or new[key] == "Suspended"):
            yield words.format(new[key])
    if _note(new) and _note(new) != _note(old):
        yield f"note: {_note(new)}"


def _number(status: Status) -> int | None:
    return (status.get("run") or {}).get("number")


def _note(status: Status) -> str | None:
    return (status.get("metrics") or {}).get("note")


def _stages(old: Status, new: Status, now: datetime) -> Iterator[str]:
    known = {stage["name"]: stage for stage in old.get("stages") or []}
    for stage in new.get("stages") or []:
        before = known.get(stage["name"], {})
        if all(stage.get(key) == before.get(key) for key in ("state", "attempt", "reason")):
            continue
        text = _stage_line(stage, before, now)
        if text:
            yield f"{stage['name']}: {text}"


def _stage_line(stage: Mapping[str, Any], before: Mapping[str, Any], now: datetime) -> str | None:
    state = stage["state"]
    if state == "Succeeded":
        return f"done in {took(stage, now)}" + (f", {stage_result(stage)}" if stage_result(stage) else "")
    if state == "Failed":
        return f"failed ({stage.get('reason')}): {stage.get('message', '')}"
    if stage.get("reason") and stage.get("reason") != before.get("reason"):
        return f"{stage['reason']}: {stage.get('message', '')}"
    if state == "Running":
        is_again = (stage.get("attempt") or 1) > 1
        return f"runs (attempt {stage['attempt']})" if is_again else "runs"
    return None


def _progress(old: Status, new: Status, job: Job, now: datetime) -> Iterator[str]:
    progress = new.get("progress") or {}
    before = old.get("progress") or {}
    if all(progress.get(key) == before.get(key) for key in ("percent", "step")):
        return
    rest = left(progress, now)
    parts = [
        None if progress.get("percent") is None else f"{progress['percent']:.0f} %",
        f"step {step_of(progress)}" if step_of(progress) else None,
        f"{rest} left" if rest and progress.get("percent") != 100 else None,
        pairs(latest_metrics(job)) or None,
    ]
    told = ", ".join(part for part in parts if part)
    if told:
        yield f"train: {told}"


def _trial_figures(status: Status) -> tuple[Any, ...]:
    trials = status.get("trials") or {}
    return (
        *(trials.get(key) for key in ("total", "succeeded", "failed", "pruned")),
        (trials.get("best") or {}).get("number"),
    )
