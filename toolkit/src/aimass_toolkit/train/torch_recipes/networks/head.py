"""Dense layers on vectors that another model made."""

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

    def pass_last(self) -> "Head":
        """Starts as one score that is the last feature as it was before it was standardised."""
        with torch.no_grad():
            self.dense.weight.zero_()
            self.dense.weight[0, -1] = self.deviation[-1]
            self.dense.bias.fill_(self.mean[-1])
        return self

    def layers(self) -> list[nn.Module]:
        """The one layer that is trained."""
        return [self.dense]

    def values(self) -> dict[str, np.ndarray]:
        """All that a graph of the same effect needs."""
        parts = {"mean": self.mean, "deviation": self.deviation, "weight": self.dense.weight, "bias": self.dense.bias}
        return {name: value.detach().numpy() for name, value in parts.items()}


class Projection(nn.Module):
    """A vector of the same size. It starts as the one that was given, so little data takes little away."""

    inputs = ("features",)
    outputs = ("sentence_embedding",)

    def __init__(self, size: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(size, size)
        nn.init.eye_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """The vector of each row."""
        return self.dense(self.dropout(features))

    def layers(self) -> list[nn.Module]:
        """The one layer that is trained."""
        return [self.dense]

    def values(self) -> dict[str, np.ndarray]:
        """All that a graph of the same effect needs."""
        return {"weight": self.dense.weight.detach().numpy(), "bias": self.dense.bias.detach().numpy()}
