"""Parts of a TrainingJob as short texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..overview import condition
from ..render import short

Job = Mapping[str, Any]
_MOST_METRICS = 6
_USUAL = ("loss", "accuracy")


def status_of(job: Job) -> Mapping[str, Any]:
    """The status; empty before the operator has seen the job."""
    return job.get("status") or {}


def pairs(values: Mapping[str, Any], most: int = _MOST_METRICS) -> str:
    """``a=1 b=2``."""
    shown = [f"{name}={short(value)}" for name, value in list(values.items())[:most]]
    return " ".join(shown) + (" …" if len(values) > most else "")


def objective(job: Job) -> str | None:
    """The metric that the search is about."""
    name = ((job["spec"].get("search") or {}).get("objective") or {}).get("metric")
    return None if name is None else str(name)


def main_metric(job: Job, names: list[str]) -> str | None:
    """The metric to look at first, of those there are."""
    evaluation = job["spec"].get("evaluation") or {}
    wanted = [objective(job), evaluation.get("metric")]
    wanted += [entry.get("metric") for entry in evaluation.get("thresholds") or []]
    wanted += [name for part in _USUAL for name in names if part in name.lower()]
    return next((name for name in wanted if name in names), names[0] if names else None)


def latest_metrics(job: Job) -> dict[str, Any]:
    """What was printed last; the main metric first."""
    latest = (status_of(job).get("metrics") or {}).get("latest") or {}
    first = main_metric(job, list(latest))
    return dict(sorted(latest.items(), key=lambda item: item[0] != first))


def reached(job: Job) -> Mapping[str, Any]:
    """What the trained model was judged by; before that, what it printed."""
    return (status_of(job).get("evaluation") or {}).get("metrics") or latest_metrics(job)


def best_trial(job: Job) -> str | None:
    """The best trial so far in one line."""
    best = (status_of(job).get("trials") or {}).get("best")
    if best is None:
        return None
    return f"{best['number']}: {objective(job)}={short(best.get('value'))} ({pairs(best['parameters'])})"


def trial_counts(job: Job) -> str | None:
    """How many trials there were, and how they went."""
    trials = status_of(job).get("trials")
    if trials is None:
        return None
    most = (job["spec"].get("search") or {}).get("maxTrials")
    counts = [f"{trials[key]} {key}" for key in ("running", "succeeded", "pruned", "failed") if trials.get(key)]
    return f"{trials['total']} of {most}" + (f" ({', '.join(counts)})" if counts else "")


def why(job: Job) -> str:
    """The message of the Ready condition."""
    return str(condition(status_of(job), "Ready").get("message") or "")


def step_of(progress: Mapping[str, Any]) -> str | None:
    """``4/10``."""
    if progress.get("step") is None:
        return None
    total = progress.get("total")
    return f"{progress['step']:g}" + ("" if total is None else f"/{total:g}")


def stage_result(stage: Mapping[str, Any]) -> str:
    """What a stage has reported, in a few words."""
    result = stage.get("result") or {}
    maker = _RESULTS.get(stage["name"])
    return maker(result) if maker and result else ""


def _prepared(result: Mapping[str, Any]) -> str:
    counts = result.get("rows") or {}
    rows = [f"{counts[part]} {part}" for part in ("train", "validation", "test") if part in counts]
    return f"rows: {', '.join(rows)}" if rows else ""


def _converted(result: Mapping[str, Any]) -> str:
    difference = result.get("largestDifference")
    return "" if difference is None else f"differs by {short(difference)} at most"


def _published(result: Mapping[str, Any]) -> str:
    return str(result.get("digest") or "")[:19]


_RESULTS = {
    "prepare": _prepared,
    "train": lambda result: pairs(result.get("metrics") or {}),
    "evaluate": lambda result: pairs(result.get("metrics") or {}, 3),
    "convert": _converted,
    "compress": lambda result: str(result.get("chosen") or ""),
    "publish": _published,
}
