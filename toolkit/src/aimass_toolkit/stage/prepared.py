"""What `prepare` left in the work space, for the stages that come after it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("train", "validation", "test")
FEATURES = "features"


@dataclass(frozen=True)
class Prepared:
    """The folder `prepared`: the schema, the parts ready to train on, and the same rows as they came."""

    folder: Path
    schema: dict[str, Any]

    @property
    def labels(self) -> list[str]:
        """The classes in order; a class is written as its place here. Empty for numbers."""
        return self.schema["labels"]

    @property
    def is_classification(self) -> bool:
        """Whether the target is a class."""
        return self.schema["task"] == "tabular-classification"

    @property
    def preprocessor(self) -> Path:
        """The graph from raw values to features."""
        return self.folder / "preprocessor.onnx"

    def part(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Features [rows, columns] and target of one part. Classes are whole numbers."""
        import pandas as pd

        target, features = self.schema["target"], self.schema["featureNames"]
        frame = pd.read_csv(self.folder / f"{name}.csv", float_precision="round_trip")
        kind = np.int64 if self.is_classification else np.float64
        return frame[features].to_numpy(np.float32), frame[target].to_numpy(kind)

    def raw(self, name: str) -> pd.DataFrame:
        """The same rows with raw values: numbers as float32, categories as texts, missing ones as the empty text."""
        import pandas as pd

        numeric = {one["name"] for one in self.schema["rawColumns"] if one["type"] == "numeric"}
        names = [one["name"] for one in self.schema["rawColumns"]]
        kinds = {column: (np.float32 if column in numeric else str) for column in names}
        file = self.folder / "raw" / f"{name}.csv"
        missing = {column: [""] if column in numeric else [] for column in names}
        return pd.read_csv(file, dtype=kinds, keep_default_na=False, na_values=missing)

    def raw_inputs(self, name: str) -> dict[str, np.ndarray]:
        """The same rows as tensors of the graph."""
        return raw_tensors(self.raw(name), self.schema["rawColumns"])

    def held_out(self) -> str:
        """The part that nothing was learned from: test, else validation, else train."""
        return next(name for name in ("test", "validation", "train") if self.schema["rows"][name] or name == "train")


def raw_tensors(frame: pd.DataFrame, columns: list[dict[str, str]], apart: bool = False) -> dict[str, np.ndarray]:
    """Raw columns as the graph takes them: one tensor `features` [rows, columns] when all are numbers, else (or with
    `apart`) a tensor [rows, 1] for each column.
    """
    names = [one["name"] for one in columns]
    if not apart and all(one["type"] == "numeric" for one in columns):
        return {FEATURES: frame[names].to_numpy(np.float32)}
    tensors = {}
    for one in columns:
        values = frame[one["name"]]
        numeric = one["type"] == "numeric"
        tensors[one["name"]] = (
            values.to_numpy(np.float32) if numeric else values.fillna("").astype(object).to_numpy()
        ).reshape(-1, 1)
    return tensors


def read_prepared(folder: Path) -> Prepared | None:
    """What prepare left, or None when it was not asked to prepare a table."""
    file = folder / "schema.json"
    return Prepared(folder, json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None
