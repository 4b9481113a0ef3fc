"""What embeddings and rankings are trained towards."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ..data.split import Part
from ..metrics import ranking_metrics, retrieval_metrics
from .feeds import Feed, Tensors
from .objectives import EVALUATION_ROWS, outputs_of

FAR_BELOW = -1e4
LEFT, RIGHT, AGAINST = "a.", "b.", "c."


@dataclass(frozen=True)
class Contrast:
    """Each text shall be nearer to its partner than to those of the other rows and to its own negative
    (InfoNCE, both ways).
    """

    feed_of: Callable[[str], Feed]
    temperature: float

    def batch(self, part: Part, rows: np.ndarray, random: np.random.Generator | None) -> Tensors:
        """Some rows as tensors."""
        sides = [side for side in (LEFT, RIGHT, AGAINST) if any(name.startswith(side) for name in part.arrays)]
        feeds = [self.feed_of(side)(part, rows, None) for side in sides]
        batch = {name: stacked([feed[name] for feed in feeds]) for name in feeds[0]}
        left, right = (torch.from_numpy(part.arrays[name][rows]) for name in ("left", "right"))
        return {**batch, "rows": torch.tensor(len(rows)), "left": left, "right": right}

    def loss(self, network: nn.Module, batch: Tensors) -> torch.Tensor:
        """How wrong the network is on a batch."""
        output = network(**{name: values for name, values in batch.items() if name not in ("rows", "left", "right")})
        vectors, count = output[-1] if isinstance(output, tuple) else output, int(batch["rows"])
        vectors = functional.normalize(vectors, dim=1)
        left, others = vectors[:count], vectors[count:]
        scores = left @ others.T / self.temperature
        twins = (batch["left"][:, None] == batch["left"][None]) | (batch["right"][:, None] == batch["right"][None])
        twins = twins & ~torch.eye(count, dtype=torch.bool)
        pairs = scores[:, :count].masked_fill(twins, FAR_BELOW)
        wanted = torch.arange(count)
        forward = functional.cross_entropy(torch.cat([pairs, scores[:, count:]], dim=1), wanted)
        return (forward + functional.cross_entropy(pairs.T, wanted)) / 2

    def measure(self, network: nn.Module, part: Part) -> dict[str, float]:
        """How good the network is on a part."""
        network.eval()
        losses, sizes = [], []
        with torch.no_grad():
            for start in range(0, part.rows, EVALUATION_ROWS):
                rows = np.arange(start, min(start + EVALUATION_ROWS, part.rows))
                losses.append(self.loss(network, self.batch(part, rows, None)).item() * len(rows))
                sizes.append(len(rows))
        left, right = (outputs_of(network, part, self.feed_of(side)) for side in (LEFT, RIGHT))
        return {"loss": sum(losses) / sum(sizes), **retrieval_metrics(left, right)}


def stacked(parts: list[torch.Tensor]) -> torch.Tensor:
    """Arrays [rows, places] of different widths, one below another. Padding of tokens is 0 in all of them."""
    width = max(part.size(1) for part in parts)
    return torch.cat([functional.pad(part, (0, width - part.size(1))) for part in parts])


@dataclass(frozen=True)
class Rank:
    """A score for each pair of query and text: binary cross entropy with how relevant the text is, between 0 and 1."""

    feed: Feed
    highest: float

    def batch(self, part: Part, rows: np.ndarray, random: np.random.Generator | None) -> Tensors:
        """Some rows as tensors."""
        return {
            **self.feed(part, rows, None),
            "labels": torch.from_numpy(part.arrays["labels"][rows] / np.float32(self.highest)),
        }

    def loss(self, network: nn.Module, batch: Tensors) -> torch.Tensor:
        """How wrong the network is on a batch."""
        logits = network(**{name: values for name, values in batch.items() if name != "labels"})[:, 0]
        return functional.binary_cross_entropy_with_logits(logits, batch["labels"])

    def measure(self, network: nn.Module, part: Part) -> dict[str, float]:
        """How good the network is on a part."""
        scores = outputs_of(network, part, self.feed)[:, 0]
        targets = torch.from_numpy(part.arrays["labels"] / np.float32(self.highest))
        loss = functional.binary_cross_entropy_with_logits(torch.from_numpy(scores), targets).item()
        return {"loss": loss, **ranking_metrics(scores, part.arrays["labels"], part.arrays["groups"])}
