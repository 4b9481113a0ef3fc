"""What a model must reach, and by how much it missed it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from aimass_toolkit.metrics import metrics_of
from aimass_toolkit.stage.document import Threshold
from aimass_toolkit.stage.report import StageError


def judge(thresholds: Sequence[Threshold], metrics: Mapping[str, float]) -> tuple[list[dict[str, Any]], list[str]]:
    """Each threshold with its value and whether it is met, and a sentence for each that is not."""
    judged, failed = [], []
    for threshold in thresholds:
        value = metrics[threshold.metric]
        problem = shortfall(threshold, value)
        limits = {name: limit for name, limit in (("min", threshold.min), ("max", threshold.max)) if limit is not None}
        judged.append({"metric": threshold.metric, **limits, "value": value, "passed": problem is None})
        if problem is not None:
            failed.append(problem)
    return judged, failed


def shortfall(threshold: Threshold, value: float) -> str | None:
    """By how much it is missed, as a sentence; None when it is met. What is no number meets nothing."""
    name = threshold.metric
    if not math.isfinite(value):
        wanted = f"at least {threshold.min:g}" if threshold.min is not None else f"at most {threshold.max:g}"
        return f"{name} is no finite number, wanted is {wanted}"
    if threshold.min is not None and value < threshold.min:
        return f"{name} is {value:.6g}, {threshold.min - value:.3g} below the wanted {threshold.min:g}"
    if threshold.max is not None and value > threshold.max:
        return f"{name} is {value:.6g}, {value - threshold.max:.3g} above the wanted {threshold.max:g}"
    return None


def need_metric(field: str, name: str, metrics: Mapping[str, float], task: str) -> None:
    """Refuses a metric that there is no value of, and says which there are."""
    if name in metrics:
        return
    there = ", ".join(metrics) or "none"
    if name in metrics_of(task):
        why = f'"{name}" cannot be told from this data, or by what the model answers'
        remedy = "Give rows of all classes, and a model that gives probabilities, or name another metric"
    else:
        why = f'"{name}" is no metric of {task}, and the program does not report it in metrics.json'
        remedy = "Name one of them, or report it"
    raise StageError("MetricUnknown", f"{field}: {why}; there are {there}. {remedy}.")
