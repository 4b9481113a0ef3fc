"""Which file in the output of a training is a model, and of which format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Found:
    """A model and its format."""

    kind: str
    path: Path


#: Names of files and folders by format; the first that is there is the model.
FORMATS: dict[str, tuple[str, ...]] = {
    "onnx": ("model.onnx",),
    "sklearn": ("model.joblib",),
    "lightgbm": ("model.txt",),
    "xgboost": ("model.ubj", "model.json"),
    "torchscript": ("model.pt",),
    "tensorflow": ("model.keras", "saved_model"),
    "paddle": ("inference.pdmodel", "inference.json"),
}


def recognise(output: Path) -> Found | None:
    """The model in the folder, or None."""
    for kind, names in FORMATS.items():
        for name in names:
            if (output / name).exists():
                return Found(kind, output / name)
    return None
