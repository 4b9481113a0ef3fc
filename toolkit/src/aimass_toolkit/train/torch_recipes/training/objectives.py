"""What a network is trained towards, and how its state is told in numbers."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from scipy.special import log_softmax
from torch import nn
from torch.nn import functional

from ..data.split import Part
from .feeds import Feed, Tensors

EVALUATION_ROWS = 256
SOFT = "soft"


class Objective(Protocol):
    """One way to train."""

    def batch(self, part: Part, rows: np.ndarray, random: np.random.Generator | None) -> Tensors:
        """Some rows as tensors."""

    def loss(self, network: nn.Module, batch: Tensors) -> torch.Tensor:
        """How wrong the network is on a batch."""

    def measure(self, network: nn.Module, part: Part) -> dict[str, float]:
        """How good the network is on a part."""


def outputs_of(network: nn.Module, part: Part, feed: Feed) -> np.ndarray:
    """The first output that ends in a vector a row, for all rows; nothing is learned."""
    network.eval()
    found = []
    with torch.no_grad():
        for start in range(0, part.rows, EVALUATION_ROWS):
            rows = np.arange(start, min(start + EVALUATION_ROWS, part.rows))
            output = network(**feed(part, rows, None))
            found.append((output[-1] if isinstance(output, tuple) else output).numpy())
    return np.concatenate(found)


@dataclass(frozen=True)
class Classify:
    """Cross entropy with the labels; with a teacher also its softened answers (Hinton et al., 2015)."""

    feed: Feed
    options: dict

    def batch(self, part: Part, rows: np.ndarray, random: np.random.Generator | None) -> Tensors:
        """Some rows as tensors."""
        batch = self.feed(part, rows, random)
        batch["labels"] = torch.from_numpy(part.arrays["labels"][rows])
        if SOFT in part.arrays:
            batch[SOFT] = torch.from_numpy(part.arrays[SOFT][rows])
        return batch

    def loss(self, network: nn.Module, batch: Tensors) -> torch.Tensor:
        """How wrong the network is on a batch."""
        inputs = {name: values for name, values in batch.items() if name not in ("labels", SOFT)}
        logits = network(**inputs)
        hard = functional.cross_entropy(logits, batch["labels"], label_smoothing=self.options["labelSmoothing"])
        if SOFT not in batch:
            return hard
        alpha, temperature = self.options["alpha"], self.options["temperature"]
        student = functional.log_softmax(logits / temperature, dim=1)
        teacher = functional.log_softmax(batch[SOFT] / temperature, dim=1)
        soft = functional.kl_div(student, teacher, log_target=True, reduction="batchmean") * temperature**2
        return alpha * soft + (1 - alpha) * hard

    def measure(self, network: nn.Module, part: Part) -> dict[str, float]:
        """How good the network is on a part."""
        logits, labels = outputs_of(network, part, self.feed), part.arrays["labels"]
        likelihood = log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(labels)), labels]
        return {"loss": float(-likelihood.mean()), "accuracy": float((logits.argmax(1) == labels).mean())}
