"""``aimass jobs NAME``: everything of one TrainingJob, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from ..overview import condition_row, size
from ..render import Row, short, table
from .job_tables import (
    candidate_rows,
    curve_of,
    job_row,
    metric_rows,
    run_rows,
    stage_rows,
    threshold_rows,
    worker_rows,
)
from .times import seconds
from .words import Job, best_trial, main_metric, pairs, status_of, step_of, trial_counts

_PLOT = (60, 5)


def job_detail(job: Job, now: datetime) -> Group:
    """Facts, then a table for each part that there is."""
    status = status_of(job)
    tables: list[tuple[str, Sequence[Row]]] = [
        ("STAGES", stage_rows(job, now)),
        ("METRICS", metric_rows(job)),
        ("WORKERS", worker_rows(job)),
        ("THRESHOLDS", threshold_rows(job)),
        ("COMPRESSION", candidate_rows(job)),
        ("RUNS", run_rows(job, now)),
        ("CONDITIONS", [condition_row(entry) for entry in status.get("conditions") or []]),
    ]
    parts: list[RenderableType] = [_facts(job, now)]
    for title, rows in tables:
        if rows:
            parts += [Text(f"\n{title}", style="bold"), table(rows)]
        if title == "METRICS":
            parts += _plot(job)
    return Group(*parts)


def _facts(job: Job, now: datetime) -> RenderableType:
    facts = {**job_row(job, now, has_namespace=True), **dict(_more(job))}
    return table([{"": name, " ": value} for name, value in facts.items() if value not in (None, "")], ["", " "])


def _more(job: Job) -> Iterator[tuple[str, Any]]:
    """What the list of all jobs has no room for."""
    status = status_of(job)
    run, artifact, used = status.get("run") or {}, status.get("artifact") or {}, status.get("resources") or {}
    evaluation, workers = status.get("evaluation") or {}, status.get("workers") or {}
    yield "STEP", step_of(status.get("progress") or {})
    yield "TRIGGER", run.get("trigger")
    yield "RESTARTS", run.get("restarts")
    yield "TRIALS", trial_counts(job)
    yield "BEST", best_trial(job)
    yield "SEARCH-ENDED", (status.get("trials") or {}).get("endedBy")
    yield "WORKERS", f"{workers['running']} of {workers['wanted']} run" if workers else None
    yield "STALLED", ", ".join(workers.get("stalled") or [])
    yield "STRAGGLERS", ", ".join(workers.get("stragglers") or [])
    yield "EVALUATION", _evaluation(evaluation)
    yield "NOTE", (status.get("metrics") or {}).get("note")
    yield "DATA", ", ".join(f"{entry['name']} {size(entry.get('sizeBytes')) or ''}".strip() for entry in _data(status))
    yield "BASE-MODEL", (status.get("baseModel") or {}).get("name")
    yield "ARTIFACT", artifact.get("uri")
    yield "ARTIFACT-SIZE", size(artifact.get("sizeBytes"))
    yield "ORIGINAL", artifact.get("originalUri")
    yield "CPU-TIME", _time(used.get("cpuSeconds"))
    yield "GPU-TIME", _time(used.get("gpuSeconds"))
    yield "PEAK-MEMORY", size(used.get("peakMemoryBytes"))
    yield "NEXT-RUN", status.get("nextRunAt")


def _data(status: Any) -> list[dict[str, Any]]:
    return list(status.get("data") or [])


def _time(count: float | None) -> str | None:
    return seconds(count) if count else None


def _evaluation(evaluation: Any) -> str | None:
    metrics = evaluation.get("metrics")
    if not metrics:
        return None
    rows = f", {evaluation['rows']} rows" if evaluation.get("rows") is not None else ""
    source = f" of {evaluation['source']}" if evaluation.get("source") else ""
    return f"{pairs(metrics, 8)}{rows}{source}"


def _plot(job: Job) -> list[RenderableType]:
    """The curve of the main metric, larger, with its highest and lowest value."""
    curve = (status_of(job).get("metrics") or {}).get("curve") or []
    names = list(dict.fromkeys(name for point in curve for name in point["values"]))
    name = main_metric(job, names)
    values = [point["values"][name] for point in curve if name in point["values"]]
    if name is None or len(set(values)) < 2:
        return []
    lines = curve_of(curve, name, *_PLOT)
    marks = {0: short(float(max(values))), len(lines) - 1: short(float(min(values)))}
    wide = max(len(mark) for mark in marks.values())
    drawn = [f"{marks.get(place, ''):>{wide}} ┤{line}" for place, line in enumerate(lines)]
    ends = f"step {curve[0]['step']:g} to {curve[-1]['step']:g}"
    return [Text(f"\n{name}, {ends}", style="bold"), Text("\n".join(drawn), no_wrap=True)]
