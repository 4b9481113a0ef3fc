"""Going on with the weights of a model that one of these recipes made."""

import numpy as np
import torch
from onnx import TensorProto
from torch import nn

from aimass_toolkit.train.given.model import GivenModel

from ..problem import refuse

NOT_EXPORTED = ("num_batches_tracked",)
NEW_WHERE_MISSING = ("head.", "backbone.sides.")


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
                f"{name} in model.onnx of spec.baseModel is {shape}; its config.json says {tuple(value.shape)}. Name "
                "a Model as the recipe published it.",
            )
        state[name] = torch.from_numpy(found.astype(np.float32)).to(value.dtype)
    network.load_state_dict(state)
