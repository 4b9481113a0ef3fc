"""What the published folder tells people and programs: config.json and card.md."""

from __future__ import annotations

from typing import Any

from aimass_toolkit.stage.card import Facts, card, describe_tensors
from aimass_toolkit.stage.document import Document
from aimass_toolkit.stage.json_file import read_json
from aimass_toolkit.stage.origin import data_lines, model_lines
from aimass_toolkit.stage.prepared import Prepared
from aimass_toolkit.stage.session import Session

BASELINE = "baseline"
# How recipes name what they measured on the validation part.
VALIDATION = "val_"
KINDS = {
    "onnx": "ONNX",
    "sklearn": "scikit-learn",
    "lightgbm": "LightGBM",
    "xgboost": "XGBoost",
    "torchscript": "PyTorch (TorchScript)",
    "tensorflow": "TensorFlow",
    "paddle": "PaddlePaddle",
}


def config(document: Document, prepared: Prepared | None, classes: list[Any] | None) -> dict[str, Any]:
    """config.json: that of the training, with the names of classes and columns where it lacks them."""
    content = read_json(document.paths.output / "config.json")
    labels = prepared.labels if prepared is not None else [str(one) for one in classes or []]
    if labels and "id2label" not in content:
        content["id2label"] = {str(place): label for place, label in enumerate(labels)}
        content["label2id"] = {label: place for place, label in enumerate(labels)}
    if prepared is not None:
        content["feature_names"] = [one["name"] for one in prepared.schema["rawColumns"]]
        # The preparation in the graph fills them in.
        content["missing_values"] = True
    if document.task.startswith("tabular-"):
        is_class = document.task == "tabular-classification"
        content.setdefault("problem_type", "single_label_classification" if is_class else "regression")
    return content


def metrics_of(document: Document) -> tuple[dict[str, float], dict[str, float], str]:
    """The metrics on held-out data, else those of the training; what an answer without looking reaches; where from."""
    own = {name: value for name, value in read_json(document.paths.output / "metrics.json").items() if is_number(value)}
    baseline = {uncapitalised(name[len(BASELINE) :]): value for name, value in own.items() if is_baseline(name)}
    trained = {name: value for name, value in own.items() if not is_baseline(name)}
    evaluated = read_json(document.paths.evaluated / "metrics.json")
    judged = {name: value for name, value in (evaluated.get("metrics") or {}).items() if is_number(value)}
    if judged:
        return judged, baseline, f"measured on {evaluated.get('rows', 'the')} held-out rows"
    of_validation = {f"{VALIDATION}{name}": value for name, value in baseline.items()}
    return trained, {**baseline, **of_validation}, "as the training reported them"


def is_number(value: Any) -> bool:
    """Whether it can be a metric."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_baseline(name: str) -> bool:
    """Whether the name is one like baselineAccuracy."""
    return name.startswith(BASELINE) and name[len(BASELINE) :][:1].isupper()


def uncapitalised(text: str) -> str:
    """Accuracy to accuracy."""
    return text[:1].lower() + text[1:]


def describe(document: Document, session: Session, prepared: Prepared | None, report: dict[str, Any]) -> str:
    """card.md."""
    metrics, baseline, origin = metrics_of(document)
    trained = read_json(document.paths.output / "config.json")
    kind = trained.get("model_type") or "A model"
    notes = [
        *model_lines(document),
        *notes_of(trained),
        f"largest difference from the trained model: {report['largestDifference']:.2g} ({report['rowsCompared']} rows)",
    ]
    if prepared is not None:
        notes.append("the graph holds the preparation, fitted on the training part: it takes raw values")
        notes.append("a missing number is NaN (in binary tensors and gRPC), a missing category the empty text")
    if metrics:
        notes.append(f"metrics: {origin}")
    facts = Facts(
        model=f"{kind}, from {KINDS[report['from']]}, as ONNX (opset {report['opset']}).",
        data=[*data_lines(document), *preparation_lines(prepared)],
        metrics=metrics,
        baseline=baseline,
        tensors=describe_tensors(session),
        notes=notes,
        limits=["It knows rows like those of the training data; others get an answer, too."],
    )
    return card(document, facts)


def notes_of(config: dict[str, Any]) -> list[str]:
    """What the training itself has to say: `training.notes` in its config.json, where a recipe wrote them."""
    training = config.get("training")
    notes = training.get("notes") if isinstance(training, dict) else None
    return [str(note) for note in notes] if isinstance(notes, list) else []


def preparation_lines(prepared: Prepared | None) -> list[str]:
    """The rows of each part, and what preparation did to the table."""
    if prepared is None:
        return []
    rows = prepared.schema["rows"]
    shares = ", ".join(f"{count} {part}" for part, count in rows.items())
    return [f"rows: {shares} (seed {prepared.schema['seed']})", *prepared.schema["notes"]]
