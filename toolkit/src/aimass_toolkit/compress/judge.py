"""A candidate beside the model that it was made from: size, time, metric, difference, and whether it is taken."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from aimass_toolkit.evaluate.held_out import HeldOut
from aimass_toolkit.evaluate.measuring import answer, measure_model
from aimass_toolkit.evaluate.native.onnx_file import OnnxPredictor
from aimass_toolkit.evaluate.native.predictor import Answers
from aimass_toolkit.metrics import higher_is_better
from aimass_toolkit.stage.report import StageError
from aimass_toolkit.stage.session import Session

from .latency import p50_side_by_side
from .weights import NotPossible

AGREEMENT = "agreement"
#: Metrics without a natural scale: their drop is relative.
RELATIVE = ("rmse", "mae", "logLoss", "perplexity")
#: Less than so much is no gain.
GAIN = 0.98
COMPARED_ROWS = 512


@dataclass(frozen=True)
class Measured:
    """What is known of a model. ``packedBytes``: compressed with zlib, as registries and networks may do."""

    content: bytes
    session: Session
    metrics: dict[str, float]
    outputs: Answers
    packed: int

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return len(self.content)


class Judge:
    """Measures the original once, and candidates against it."""

    def __init__(self, content: bytes, task: str, rows: HeldOut, most_drop: float) -> None:
        self.task = task
        self.rows = rows
        self.most_drop = most_drop
        self.original = self.measure(content)

    def measure(self, content: bytes) -> Measured:
        """A model on the rows."""
        session = Session(content, 1)
        predictor = OnnxPredictor(session, self.task)
        metrics = measure_model(predictor, self.rows, self.task) if self.rows.truth or self.rows.others else {}
        outputs = answer(predictor, self.rows.take(slice(0, COMPARED_ROWS)).inputs)
        return Measured(content, session, metrics, outputs, len(zlib.compress(content, 6)))

    def choose_metric(self, asked: str | None, usual: str | None) -> str:
        """The metric that counts. Without truths it is how often both models say the same."""
        metrics = self.original.metrics
        if asked is not None and asked not in metrics:
            raise StageError(
                "MetricUnknown",
                f'spec.publish.optimize.metric: "{asked}" is not measured on the converted model; '
                f"there are {', '.join(metrics) or 'none, since there are no rows with labels'}.",
            )
        wanted = asked or usual or AGREEMENT
        return wanted if wanted in metrics else next(iter(metrics), AGREEMENT)

    def report_original(self, metric: str) -> dict[str, Any]:
        """The original in the report."""
        value = self.original.metrics.get(metric, 1.0)
        return {"sizeBytes": self.original.size, "packedBytes": self.original.packed, "metric": metric, "value": value}

    def report(self, content: bytes, metric: str) -> dict[str, Any]:
        """A candidate in the report; ``reason`` says why it is not taken."""
        try:
            made = self.measure(content)
        except Exception as error:
            reason = " ".join(str(error).split())[:200]
            raise NotPossible(f"onnxruntime does not run it: {reason}") from error
        same_contract(self.original.session, made.session)
        before, after = p50_side_by_side(self.original.session, made.session, self.first_row())
        value = made.metrics[metric] if metric in made.metrics else agreement(self.original.outputs, made.outputs)
        drop = drop_of(metric, self.original.metrics.get(metric, 1.0), value)
        figures: dict[str, Any] = {
            "sizeBytes": made.size,
            "packedBytes": made.packed,
            "p50LatencyMs": round(after, 4),
            "originalP50LatencyMs": round(before, 4),
            "metric": metric,
            "value": value,
            "drop": drop,
            "largestDifference": largest_difference(self.original.outputs, made.outputs),
        }
        objection = self.objection(made, metric, drop, after / before)
        refused = {} if objection is None else {"reason": objection}
        return {**figures, "accepted": objection is None, **refused}

    def first_row(self) -> dict[str, Any]:
        """One row, or as many as the model takes at once."""
        predictor = OnnxPredictor(self.original.session, self.task)
        return predictor.feed(self.rows.take(np.zeros(predictor.batch or 1, dtype=np.int64)).inputs)

    def objection(self, made: Measured, metric: str, drop: float, slower: float) -> str | None:
        """Why it is not taken, or None."""
        if not math.isfinite(drop):
            return f"{metric} is no finite number any more"
        if drop > self.most_drop:
            return f"{metric} gets worse by {drop:.3g}, which is more than maxMetricDrop ({self.most_drop:g})"
        smaller = made.size < GAIN * self.original.size or made.packed < GAIN * self.original.packed
        if not smaller and slower > GAIN:
            return "it is neither smaller nor faster"
        return None


def drop_of(metric: str, before: float, after: float) -> float:
    """By how much a metric got worse; below 0 when it got better. That of errors and losses is relative."""
    worse = before - after if higher_is_better(metric) else after - before
    return worse / max(abs(before), 1e-9) if metric in RELATIVE else worse


def floats(outputs: Answers) -> dict[str, np.ndarray[Any, Any]]:
    """The outputs that are numbers with a fraction."""
    return {name: np.asarray(one, np.float64) for name, one in outputs.items() if np.asarray(one).dtype.kind == "f"}


def largest_difference(before: Answers, after: Answers) -> float:
    """The largest absolute difference of any float."""
    first, second = floats(before), floats(after)
    return max((float(np.abs(first[name] - second[name]).max()) for name in first if name in second), default=0.0)


def agreement(before: Answers, after: Answers) -> float:
    """How far both say the same: the share of equal classes, or 1 less the relative distance of floats."""
    if "label" in before:
        return float(np.mean(np.asarray(before["label"]) == np.asarray(after["label"])))
    distances = [
        float(np.linalg.norm(one - floats(after)[name]) / max(float(np.linalg.norm(one)), 1e-9))
        for name, one in floats(before).items()
    ]
    return 1 - max(distances) if distances else math.nan


def same_contract(before: Session, after: Session) -> None:
    """Refuses a model that takes or gives other tensors than the one that its task was checked with."""
    for what in ("types", "inputs", "outputs"):
        if getattr(before, what) != getattr(after, what):
            raise NotPossible(f"its {what} would change from {getattr(before, what)} to {getattr(after, what)}")
    ranks = [[len(shape or ()) for shape in session.output_shapes.values()] for session in (before, after)]
    if ranks[0] != ranks[1]:
        raise NotPossible("its outputs would have other dimensions")
