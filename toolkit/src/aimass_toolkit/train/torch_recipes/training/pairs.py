"""What embeddings and rankings are trained towards: the data, and maybe the answers of a teacher."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ..data.split import Part
from ..metrics import ranking_metrics, retrieval_metrics
from .feeds import Feed, Tensors
from .objectives import EVALUATION_ROWS, SOFT, outputs_of
from .teaching import mixed, scores_apart, vectors_apart

FAR_BELOW = -1e4
LEFT, RIGHT, AGAINST = "a.", "b.", "c."
NO_INPUTS = ("rows", "left", "right", "labels", SOFT)


def taught(side: str) -> str:
    """The array with the teacher's vectors of one side."""
    return f"{SOFT}.{side}"


def inputs_in(batch: Tensors) -> Tensors:
    """What the network takes of a batch."""
    return {name: values for name, values in batch.items() if name not in NO_INPUTS}


@dataclass(frozen=True)
class Contrast:
    """Each text shall be nearer to its partner than to those of the other rows and to its own negative
    (InfoNCE, both ways); with a teacher also where that one puts it.
    """

    feed_of: Callable[[str], Feed]
    options: dict

    def batch(self, part: Part, rows: np.ndarray, random: np.random.Generator | None) -> Tensors:
        """Some rows as tensors."""
        sides = [side for side in (LEFT, RIGHT, AGAINST) if any(name.startswith(side) for name in part.arrays)]
        feeds = [self.feed_of(side)(part, rows, None) for side in sides]
        batch = {name: stacked([feed[name] for feed in feeds]) for name in feeds[0]}
        left, right = (torch.from_numpy(part.arrays[name][rows]) for name in ("left", "right"))
        if taught(LEFT) in part.arrays:
            batch[SOFT] = torch.cat([torch.from_numpy(part.arrays[taught(side)][rows]) for side in sides])
        return {**batch, "rows": torch.tensor(len(rows)), "left": left, "right": right}

    def loss(self, network: nn.Module, batch: Tensors) -> torch.Tensor:
        """How wrong the network is on a batch."""
        output = network(**inputs_in(batch))
        vectors = functional.normalize(output[-1] if isinstance(output, tuple) else output, dim=1)
        hard = self.contrast(vectors, batch)
        if SOFT not in batch:
            return hard
        soft = vectors_apart(vectors, batch[SOFT], self.options["temperature"])
        return mixed(self.options["alpha"], soft, hard)

    def contrast(self, vectors: torch.Tensor, batch: Tensors) -> torch.Tensor:
        """How far partners are from being the nearest."""
        count = int(batch["rows"])
        left, others = vectors[:count], vectors[count:]
        scores = left @ others.T / self.options["temperature"]
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
    """A score for each pair of query and text: binary cross entropy with how relevant the text is, between 0 and 1;
    with a teacher also how far the score is from the teacher's.
    """

    feed: Feed
    highest: float
    alpha: float

    def batch(self, part: Part, rows: np.ndarray, random: np.random.Generator | None) -> Tensors:
        """Some rows as tensors."""
        batch = self.feed(part, rows, None)
        batch["labels"] = torch.from_numpy(part.arrays["labels"][rows] / np.float32(self.highest))
        if SOFT in part.arrays:
            batch[SOFT] = torch.from_numpy(part.arrays[SOFT][rows])
        return batch

    def loss(self, network: nn.Module, batch: Tensors) -> torch.Tensor:
        """How wrong the network is on a batch."""
        logits = network(**inputs_in(batch))[:, 0]
        hard = functional.binary_cross_entropy_with_logits(logits, batch["labels"])
        return mixed(self.alpha, scores_apart(logits, batch[SOFT]), hard) if SOFT in batch else hard

    def measure(self, network: nn.Module, part: Part) -> dict[str, float]:
        """How good the network is on a part."""
        scores = outputs_of(network, part, self.feed)[:, 0]
        targets = torch.from_numpy(part.arrays["labels"] / np.float32(self.highest))
        loss = functional.binary_cross_entropy_with_logits(torch.from_numpy(scores), targets).item()
        return {"loss": loss, **ranking_metrics(scores, part.arrays["labels"], part.arrays["groups"])}
