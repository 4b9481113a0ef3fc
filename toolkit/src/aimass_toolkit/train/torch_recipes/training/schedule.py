"""The optimiser, and how its learning rate goes."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn


def make_optimiser(network: nn.Module, options: dict) -> torch.optim.Optimizer:
    """AdamW or SGD. Weight decay (L2) leaves biases and norms alone; rates fall from the head down by `layerDecay`."""
    groups = list(parameter_groups(network, options))
    if options["optimiser"] == "sgd":
        return torch.optim.SGD(
            groups, lr=options["learningRate"], momentum=options["momentum"], nesterov=options["momentum"] > 0
        )
    return torch.optim.AdamW(groups, lr=options["learningRate"])


def parameter_groups(network: nn.Module, options: dict) -> Iterator[dict]:
    """One group for each layer and kind of parameter."""
    layers = network.layers()
    for depth, layer in enumerate(layers):
        scale = options.get("layerDecay", 1.0) ** (len(layers) - 1 - depth)
        trained = [parameter for parameter in layer.parameters() if parameter.requires_grad]
        for decay, is_matrix in ((options["weightDecay"], True), (0.0, False)):
            chosen = [parameter for parameter in trained if (parameter.ndim > 1) == is_matrix]
            if chosen:
                yield {"params": chosen, "weight_decay": decay, "scale": scale}


@dataclass(frozen=True)
class Schedule:
    """The factor of the learning rate at each step: up during the warm-up, then down, or level."""

    kind: str
    steps: int
    warmup: int

    def factor(self, step: int) -> float:
        """The factor at a step."""
        if step < self.warmup:
            return (step + 1) / (self.warmup + 1)
        if self.kind == "constant":
            return 1.0
        share = (step - self.warmup) / max(1, self.steps - self.warmup)
        return 0.5 * (1 + math.cos(math.pi * share)) if self.kind == "cosine" else 1 - share

    def apply(self, optimiser: torch.optim.Optimizer, step: int, rate: float) -> None:
        """Sets the learning rates of a step."""
        for group in optimiser.param_groups:
            group["lr"] = rate * group["scale"] * self.factor(step)
