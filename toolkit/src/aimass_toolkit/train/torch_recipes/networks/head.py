"""A dense layer on vectors that another model made."""

import numpy as np
import torch
from torch import nn

TINY = 1e-6


class Head(nn.Module):
    """Scores of classes from features, which are standardised by what they are on the training rows."""

    inputs = ("features",)
    outputs = ("logits",)

    def __init__(self, features: np.ndarray, classes: int, dropout: float) -> None:
        super().__init__()
        deviation = features.std(0)
        self.register_buffer("mean", torch.from_numpy(features.mean(0)))
        self.register_buffer("deviation", torch.from_numpy(np.where(deviation > TINY, deviation, 1).astype(np.float32)))
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(features.shape[1], classes)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Scores of the classes."""
        return self.dense(self.dropout((features - self.mean) / self.deviation))

    def layers(self) -> list[nn.Module]:
        """The one layer that is trained."""
        return [self.dense]

    def values(self) -> dict[str, np.ndarray]:
        """All that a graph of the same effect needs."""
        parts = {"mean": self.mean, "deviation": self.deviation, "weight": self.dense.weight, "bias": self.dense.bias}
        return {name: value.detach().numpy() for name, value in parts.items()}
