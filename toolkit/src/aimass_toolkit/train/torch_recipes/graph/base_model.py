"""Models that training starts or learns from: the files of /aimass/base-model and /aimass/teacher-model."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import ModelProto, TensorProto, numpy_helper
from torch import nn

from ..problem import refuse

NOT_EXPORTED = ("num_batches_tracked",)
NEW_WHERE_MISSING = ("head.", "backbone.sides.")


@dataclass(frozen=True)
class GivenModel:
    """The files of a verified model."""

    folder: Path
    config: dict
    model: ModelProto

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


def find_model(folder: Path, what: str) -> GivenModel | None:
    """The model in a folder; None when the folder is empty or not there."""
    if not folder.is_dir() or not any(folder.iterdir()):
        return None
    if not (folder / "model.onnx").is_file():
        refuse("RecipeInvalid", f"{what} has no model.onnx; name a Model that is Ready.")
    try:
        model = onnx.load(folder / "model.onnx")
        given = GivenModel(folder, {}, model)
        return GivenModel(folder, given.json("config.json"), model)
    except (ValueError, OSError, onnx.checker.ValidationError) as error:
        refuse("RecipeInvalid", f"the files of {what} cannot be read ({str(error)[:200]}); name a Model that is Ready.")
    except Exception as error:  # protobuf has an error of its own
        refuse(
            "RecipeInvalid",
            f"model.onnx of {what} is no ONNX file ({type(error).__name__}); name a Model that is Ready.",
        )


def is_ours(given: GivenModel, model_type: str) -> bool:
    """Whether the weights can go on being trained: made by a recipe of the same architecture, with parameters
    under their names.
    """
    if given.config.get("model_type") != model_type:
        return False
    initializers = given.model.graph.initializer
    # A model of 8 bits has some of its parameters under other names: its weights are no longer those that were trained.
    is_quantised = any(entry.data_type in (TensorProto.INT8, TensorProto.UINT8) for entry in initializers)
    return not is_quantised and any(entry.name.startswith("backbone.") for entry in initializers)


def load_weights(network: nn.Module, given: GivenModel, keeps_head: bool) -> None:
    """Copies the model's values into the network. The head is new when the classes differ."""
    weights, state = given.weights, network.state_dict()
    for name, value in state.items():
        if name.endswith(NOT_EXPORTED) or (name.startswith("head.") and not keeps_head):
            continue
        found = weights.get(name)
        if found is None and name.startswith(NEW_WHERE_MISSING):
            continue
        if found is None or found.shape != tuple(value.shape):
            shape = "missing" if found is None else f"of the shape {found.shape}"
            refuse(
                "RecipeInvalid",
                f"{name} in model.onnx of the base model is {shape}; config.json says {tuple(value.shape)}. Use "
                "a model as the recipe published it.",
            )
        state[name] = torch.from_numpy(found.astype(np.float32)).to(value.dtype)
    network.load_state_dict(state)
