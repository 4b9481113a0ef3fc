"""Models that training starts or learns from: the files of /aimass/base-model and /aimass/teacher-model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, numpy_helper

from aimass_toolkit.stage.report import StageError


@dataclass(frozen=True)
class GivenModel:
    """The files of a verified model; `field` is what names it in the spec."""

    folder: Path
    config: dict
    model: ModelProto
    field: str

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """The values of the graph by name."""
        return {entry.name: numpy_helper.to_array(entry) for entry in self.model.graph.initializer}

    @property
    def labels(self) -> list[str]:
        """The names of the classes, in the order of the scores."""
        names = self.config.get("id2label") or {}
        return [str(names[key]) for key in sorted(names, key=int)]

    def json(self, name: str) -> dict:
        """One of its JSON files; empty when there is none."""
        path = self.folder / name
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def is_given(folder: Path) -> bool:
    """Whether the spec names a model: its folder is there and holds something."""
    return folder.is_dir() and any(folder.iterdir())


def find_model(folder: Path, field: str) -> GivenModel | None:
    """The model in a folder, which `field` of the spec names; None when the folder is empty or not there."""
    if not is_given(folder):
        return None
    if not (folder / "model.onnx").is_file():
        raise StageError("RecipeInvalid", f"{field} has no model.onnx; name a Model that is Ready.")
    try:
        model = onnx.load(folder / "model.onnx")
        return GivenModel(folder, GivenModel(folder, {}, model, field).json("config.json"), model, field)
    except (ValueError, OSError, onnx.checker.ValidationError) as error:
        raise StageError(
            "RecipeInvalid", f"the files of {field} cannot be read ({str(error)[:200]}); name a Model that is Ready."
        ) from error
    except Exception as error:  # protobuf has an error of its own
        raise StageError(
            "RecipeInvalid",
            f"model.onnx of {field} is no ONNX file ({type(error).__name__}); name a Model that is Ready.",
        ) from error
