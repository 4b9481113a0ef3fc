"""The folder `output`: the model, its metrics, and what the Hugging Face ecosystem reads of a model."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import joblib

from aimass_toolkit.stage.atomic import whole_folder

from .models import Trained
from .options import NAMES, Options
from .table import Table


def write_output(folder: Path, trained: Trained, table: Table, options: Options) -> dict[str, float]:
    """Writes the model, its metrics and its configuration; gives the metrics."""
    from .scores import baseline_scores, named

    metrics = {name: rounded(value) for name, value in {**named(trained.scores), **baseline_scores(table)}.items()}
    with whole_folder(folder) as out:
        joblib.dump(trained.model, out / "model.joblib")
        write_json(out / "metrics.json", metrics)
        write_json(out / "config.json", config(trained, table, options))
    return metrics


def config(trained: Trained, table: Table, options: Options) -> dict[str, Any]:
    """config.json."""
    content: dict[str, Any] = {
        "model_type": trained.name,
        "problem_type": "single_label_classification" if table.is_classification else "regression",
        "feature_names": table.raw_names,
    }
    if table.is_classification:
        content["id2label"] = {str(place): label for place, label in enumerate(table.labels)}
        content["label2id"] = {label: place for place, label in enumerate(table.labels)}
    chosen = {NAMES.get(name, name): value for name, value in asdict(options).items() if value is not None}
    content["training"] = {"options": chosen, "steps": trained.steps, "rows": len(table.truth)}
    if table.notes:
        content["training"]["notes"] = list(table.notes)
    if trained.candidates:
        content["training"]["candidates"] = {name: rounded(value) for name, value in trained.candidates.items()}
    return content


def rounded(value: float) -> float:
    """Six digits are more than the rows can tell."""
    return float(f"{value:.6g}")


def write_json(file: Path, content: Any) -> None:
    """A JSON file for people, too."""
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
