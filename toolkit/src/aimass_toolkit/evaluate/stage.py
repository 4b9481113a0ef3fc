"""The stage: rows, model, metrics, thresholds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aimass_toolkit.metrics import higher_is_better, measure_for, primary_metric
from aimass_toolkit.stage.atomic import whole_folder
from aimass_toolkit.stage.document import Document, Evaluation
from aimass_toolkit.stage.report import StageError, encode

from .measuring import measure_model
from .native import load_predictor, recognise
from .reported import reported_metrics
from .sources import find_held_out
from .thresholds import judge, need_metric
from .trials import remove_lost_trials


@dataclass
class Evaluated:
    """What is known of the model. ``native``: measured here, and not only reported by the program."""

    metrics: dict[str, float]
    rows: int | None = None
    dataset: str | None = None
    native: bool = False
    notes: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        known = {"metrics": self.metrics, "rows": self.rows, "dataset": self.dataset, "native": self.native}
        return {name: value for name, value in {**known, "notes": self.notes or None}.items() if value is not None}


def evaluate(document: Document) -> dict[str, Any]:
    """Measures, writes evaluated/metrics.json, and fails with ThresholdNotMet below a threshold."""
    removed = remove_lost_trials(document.paths.root)
    evaluated = look(document)
    if removed:
        evaluated.notes.append(f"removed the output of {removed} other trials")
    asked = document.evaluation or Evaluation()
    for threshold in asked.thresholds:
        need_metric("spec.evaluation.thresholds", threshold.metric, evaluated.metrics, document.task)
    if asked.metric is not None:
        need_metric("spec.evaluation.metric", asked.metric, evaluated.metrics, document.task)
    judged, failed = judge(asked.thresholds, evaluated.metrics)
    with whole_folder(document.paths.evaluated) as folder:
        (folder / "metrics.json").write_text(encode(evaluated.document()) + "\n", encoding="utf-8")
    result = {**evaluated.document(), "thresholds": judged, "failed": failed, **compared(document, evaluated)}
    if failed:
        raise StageError("ThresholdNotMet", message_of(failed, evaluated), details=result)
    return result


def look(document: Document) -> Evaluated:
    """Measured metrics before reported ones; a reported one that is not measured is taken as it is."""
    reported = reported_metrics(document.paths.output)
    measured = measured_here(document)
    if measured is not None:
        extra = [name for name in reported if name not in measured.metrics]
        if extra:
            measured.notes.append(f"reported by the program: {', '.join(extra[:10])}")
        return Evaluated(
            {**measured.metrics, **{name: reported[name] for name in extra}},
            measured.rows,
            measured.dataset,
            True,
            measured.notes,
        )
    if not reported and document.evaluation is not None:
        raise StageError(
            "EvaluationDataMissing",
            "There is nothing to measure by: give spec.evaluation.data, let spec.prepare hold rows back, or let the "
            "program write metrics.json (or held-out.npz with the inputs of the model and labels) beside its model.",
        )
    return Evaluated(reported, notes=["reported by the program"] if reported else [])


def measured_here(document: Document) -> Evaluated | None:
    """The metrics on held-out rows, or None where there are no rows, or the task has no metrics here."""
    named = document.evaluation.data if document.evaluation else None
    if measure_for(document.task) is None:
        if named is not None:
            raise StageError(
                "MetricUnknown",
                f"spec.evaluation.data: models of the task {document.task} are not measured here; let the program "
                "measure and write metrics.json, and leave out spec.evaluation.data.",
            )
        return None
    if recognise(document.paths.output) is None and named is None and not must_measure(document):
        return None
    predictor = load_predictor(document.paths.output, document.task)
    held_out = find_held_out(document, predictor)
    if held_out is None:
        return None
    metrics = measure_model(predictor, held_out, document.task)
    return Evaluated(metrics, held_out.rows, held_out.dataset, True, list(held_out.notes))


def must_measure(document: Document) -> bool:
    """Whether an evaluation was asked for that nothing else can answer."""
    return document.evaluation is not None and not reported_metrics(document.paths.output)


def compared(document: Document, evaluated: Evaluated) -> dict[str, Any]:
    """The metric that runs are compared by, and which way is better."""
    asked = document.evaluation.metric if document.evaluation else None
    name = asked or primary_metric(document.task)
    if name not in evaluated.metrics:
        name = next(iter(evaluated.metrics), None)
    if name is None:
        return {}
    return {"compared": {"metric": name, "value": evaluated.metrics[name], "higherIsBetter": higher_is_better(name)}}


def message_of(failed: list[str], evaluated: Evaluated) -> str:
    """What was missed, on what, and what to do."""
    by = f"on {evaluated.rows} rows of {evaluated.dataset}" if evaluated.native else "as the program reports"
    return f"{'; '.join(failed)} ({by}). Nothing is published. Train better, or lower spec.evaluation.thresholds."
