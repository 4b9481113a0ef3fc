"""The folder `prepared`, whole or not at all."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer

from aimass_toolkit.stage.atomic import whole_folder
from aimass_toolkit.stage.prepared import PARTS

from .target import Target


@dataclass
class Result:
    """Everything that preparation made."""

    target: Target
    columns: list[dict[str, str]]
    features_out: list[str]
    preprocessor: ColumnTransformer
    graph: bytes
    raw: dict[str, pd.DataFrame]
    features: dict[str, np.ndarray]
    targets: dict[str, pd.Series] = field(default_factory=dict)
    raw_targets: dict[str, pd.Series] = field(default_factory=dict)
    cleaned: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seed: int = 0


def write_prepared(folder: Path, result: Result) -> None:
    """Writes the parts, the raw rows, the preprocessor and the schema."""
    name = result.target.name
    with whole_folder(folder) as out:
        (out / "raw").mkdir()
        for part in PARTS:
            target = result.targets[part].to_numpy()
            frame = pd.DataFrame(result.features[part], columns=result.features_out)
            frame[name] = target.astype(np.int64) if result.target.is_class else target
            frame.to_csv(out / f"{part}.csv", index=False)
            raw = result.raw[part].copy()
            raw[name] = result.raw_targets[part]
            raw.to_csv(out / "raw" / f"{part}.csv", index=False)
        joblib.dump(result.preprocessor, out / "preprocessor.joblib")
        (out / "preprocessor.onnx").write_bytes(result.graph)
        text = json.dumps(schema(result), indent=2, ensure_ascii=False)
        (out / "schema.json").write_text(text + "\n", encoding="utf-8")


def schema(result: Result) -> dict[str, Any]:
    """schema.json."""
    return {
        "target": result.target.name,
        "task": result.target.task,
        "labels": list(result.target.labels),
        "rawColumns": result.columns,
        "featureNames": result.features_out,
        "rows": {part: len(result.raw[part]) for part in PARTS},
        "cleaned": result.cleaned,
        "notes": result.notes,
        "seed": result.seed,
    }
