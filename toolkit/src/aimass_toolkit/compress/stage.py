"""The stage: plan, make, judge, choose, write."""

from __future__ import annotations

from typing import Any

import onnx

from aimass_toolkit.evaluate.held_out import HeldOut
from aimass_toolkit.evaluate.native.onnx_file import OnnxPredictor
from aimass_toolkit.metrics import primary_metric
from aimass_toolkit.stage.document import Document, Optimize
from aimass_toolkit.stage.report import StageError
from aimass_toolkit.stage.session import Session

from .judge import Judge
from .plan import Candidate, candidates
from .rows import rows_to_calibrate_with, rows_to_prove_by
from .weights import NotPossible
from .write import MODEL, write_chosen, write_original

ORIGINAL = "original"
NO_ROWS = (
    "there are no rows to prove by: give spec.evaluation.data, let spec.prepare hold rows back, or let the program "
    "write held-out.npz or examples.npz"
)


def compress(document: Document) -> dict[str, Any]:
    """The report; the model that was chosen is in the folder `compressed`."""
    optimize = document.publish.optimize or Optimize()
    file = document.paths.converted / MODEL
    if not file.exists():
        raise StageError(
            "CompressionFailed",
            "There is no converted model to compress; set spec.publish.convert to onnx, "
            "or leave out spec.publish.optimize.",
        )
    content = onnx.load(file).SerializeToString()
    predictor = OnnxPredictor(Session(content, 1), document.task)
    rows = rows_to_prove_by(document, predictor)
    if rows is None:
        skipped = [{"kind": one.kind, "accepted": False, "reason": NO_ROWS} for one in candidates(optimize)]
        report = {"candidates": skipped, "chosen": ORIGINAL}
        write_original(document.paths, report)
        return report
    return choose(document, content, predictor, rows)


def choose(document: Document, content: bytes, predictor: OnnxPredictor, rows: HeldOut) -> dict[str, Any]:
    """Judges all candidates and writes the smallest that is accepted, else the original."""
    optimize = document.publish.optimize or Optimize()
    judge = Judge(content, document.task, rows, optimize.max_metric_drop)
    asked = document.evaluation.metric if document.evaluation else None
    metric = judge.choose_metric(optimize.metric, asked or primary_metric(document.task))
    made = {one: make_and_judge(document, predictor, judge, (one, metric)) for one in candidates(optimize)}
    accepted = [one for one, (_, told) in made.items() if told["accepted"]]
    best = min(accepted, key=lambda one: (made[one][1]["sizeBytes"], made[one][1]["packedBytes"]), default=None)
    report = {
        "original": judge.report_original(metric),
        "dataset": rows.dataset,
        "rows": rows.rows,
        "maxMetricDrop": optimize.max_metric_drop,
        "candidates": [{"kind": one.kind, **told} for one, (_, told) in made.items()],
        "chosen": best.kind if best else ORIGINAL,
    }
    if best is None:
        write_original(document.paths, report)
    else:
        write_chosen(document.paths, made[best][0], rows, best.tolerance, report)
    return report


def make_and_judge(
    document: Document, predictor: OnnxPredictor, judge: Judge, asked: tuple[Candidate, str]
) -> tuple[bytes, dict[str, Any]]:
    """The candidate, and its part of the report."""
    candidate, metric = asked
    try:
        content = make(document, predictor, judge.original.content, candidate)
        return content, judge.report(content, metric)
    except NotPossible as error:
        return b"", {"accepted": False, "reason": str(error)}


def make(document: Document, predictor: OnnxPredictor, content: bytes, candidate: Candidate) -> bytes:
    """The candidate's file."""
    model = onnx.load_from_string(content)
    if candidate.prune:
        from .prune import pruned

        model = pruned(model, candidate.prune)
    if candidate.precision is None:
        return bytes(model.SerializeToString())
    try:
        return bytes(in_precision(document, predictor, model, candidate.precision).SerializeToString())
    except NotPossible:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:160]
        raise NotPossible(f"the library that makes it failed: {type(error).__name__}: {reason}") from error


def in_precision(
    document: Document, predictor: OnnxPredictor, model: onnx.ModelProto, precision: str
) -> onnx.ModelProto:
    """The model with smaller numbers."""
    if precision == "fp16":
        from .fp16 import halved

        return halved(model)
    from .int8 import dynamic, static

    if precision == "int8-dynamic":
        return dynamic(model)
    return static(model, rows_to_calibrate_with(document, predictor), predictor.batch or 16)
