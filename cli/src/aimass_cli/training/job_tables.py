"""Parts of a job as tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..overview import condition, size
from ..render import Row
from .plot import plot
from .times import left, took
from .words import Job, latest_metrics, objective, pairs, reached, stage_result, status_of

_CURVE_WIDTH = 30


def job_row(job: Job, now: datetime, *, has_namespace: bool) -> Row:
    """One job in the list of all."""
    status = status_of(job)
    progress = status.get("progress") or {}
    percent = progress.get("percent")
    ready = condition(status, "Ready")
    best = (status.get("trials") or {}).get("best") or {}
    is_over = status.get("phase") in ("Succeeded", "Failed")
    return {
        **({"NAMESPACE": job["metadata"]["namespace"]} if has_namespace else {}),
        "NAME": job["metadata"]["name"],
        "PHASE": status.get("phase") or "Pending",
        "READY": ready.get("status", "Unknown"),
        "RUN": (status.get("run") or {}).get("number"),
        "TIME": took(status.get("run") or {}, now),
        "DONE": None if percent is None else f"{percent:.0f} %",
        "LEFT": None if is_over else left(progress, now),
        "METRICS": _best_value(job, best) or pairs(reached(job), 2) or None,
        "TRIALS": (status.get("trials") or {}).get("total"),
        "MODEL": ((job["spec"].get("publish") or {}).get("model") or {}).get("name"),
        "WAITING-FOR": status.get("waitingFor") or (ready.get("reason") if status.get("phase") == "Failed" else None),
    }


def _best_value(job: Job, best: Mapping[str, Any]) -> str | None:
    return pairs({objective(job) or "": best["value"]}) if "value" in best else None


def stage_rows(job: Job, now: datetime) -> list[Row]:
    """Stages: how each is, how long it took, what it reported."""
    return [
        {
            "NAME": stage["name"],
            "STATE": stage["state"],
            "ATTEMPT": stage.get("attempt"),
            "TIME": took(stage, now),
            "REASON": stage.get("reason"),
            "RESULT": stage.get("message") if stage["state"] != "Succeeded" else stage_result(stage),
        }
        for stage in status_of(job).get("stages") or []
    ]


def metric_rows(job: Job) -> list[Row]:
    """Metrics that training prints, each with its curve."""
    metrics = status_of(job).get("metrics") or {}
    curve = metrics.get("curve") or []
    best = metrics.get("best") or {}
    names = dict.fromkeys((*latest_metrics(job), *best))
    return [
        {
            "METRIC": name,
            "LATEST": latest_metrics(job).get(name),
            "BEST": best.get(name),
            "CURVE": curve_of(curve, name, _CURVE_WIDTH)[0] if len(curve) > 1 else None,
        }
        for name in names
    ]


def curve_of(curve: list[dict[str, Any]], name: str, width: int, height: int = 1) -> list[str]:
    """The curve of a metric."""
    return plot([point["values"].get(name) for point in curve], width, height)


def worker_rows(job: Job) -> list[Row]:
    """Workers, one by one."""
    return [
        {
            "WORKER": pod["name"],
            "STATE": pod["state"],
            "LAST-OUTPUT": pod.get("lastOutputAt"),
            "LINE": pod.get("lastLine"),
        }
        for pod in (status_of(job).get("workers") or {}).get("pods") or []
    ]


def threshold_rows(job: Job) -> list[Row]:
    """What the model had to reach."""
    stages = status_of(job).get("stages") or []
    result = next((stage.get("result") or {} for stage in stages if stage["name"] == "evaluate"), {})
    return [
        {
            "METRIC": entry.get("metric"),
            "WANTED": " and ".join(
                f"{sign} {entry[key]:g}" for key, sign in (("min", ">="), ("max", "<=")) if entry.get(key) is not None
            ),
            "REACHED": entry.get("value"),
            "PASSED": "yes" if entry.get("passed") else "no",
        }
        for entry in result.get("thresholds") or []
    ]


def candidate_rows(job: Job) -> list[Row]:
    """What was tried to make the model smaller."""
    report = status_of(job).get("compression") or {}
    return [
        {
            "TRIED": entry.get("kind"),
            "SIZE": size(entry.get("sizeBytes")),
            "P50-MS": entry.get("p50LatencyMs"),
            "METRIC": entry.get("metric"),
            "VALUE": entry.get("value"),
            "DROP": entry.get("drop"),
            "DIFFERENCE": entry.get("largestDifference"),
            "CHOSEN": "yes" if entry.get("kind") == report.get("chosen") else "",
            "WHY-NOT": None if entry.get("accepted") else entry.get("reason"),
        }
        for entry in report.get("candidates") or []
    ]


def run_rows(job: Job, now: datetime) -> list[Row]:
    """Runs that have ended."""
    artifact = (status_of(job).get("artifact") or {}).get("run")
    return [
        {
            "RUN": run["number"],
            "OUTCOME": run["outcome"],
            "ENDED": run["finishedAt"],
            "TIME": took(run, now),
            "METRICS": pairs(run.get("metrics") or {}, 2) or run.get("reason"),
            "DIGEST": str(run.get("digest") or "")[:19],
            "MODELS-FOLLOW": "yes" if run["number"] == artifact else "",
        }
        for run in status_of(job).get("runs") or []
    ]
