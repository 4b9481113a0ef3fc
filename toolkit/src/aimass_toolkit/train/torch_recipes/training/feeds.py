"""Rows of a part as the tensors that a network takes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from ..data.split import Part

Tensors = dict[str, torch.Tensor]
Feed = Callable[[Part, np.ndarray, np.random.Generator | None], Tensors]
WHITE = 255
SHIFT_SHARE = 8


@dataclass(frozen=True)
class ImageFeed:
    """Pixels between 0 and 1, channels first; shifted and mirrored by chance while training."""

    augment: str = "none"

    def __call__(self, part: Part, rows: np.ndarray, random: np.random.Generator | None) -> Tensors:
        """Images as the network takes them."""
        pixels = part.arrays["pixels"][rows]
        if random is not None and self.augment != "none":
            pixels = self.vary(pixels, random)
        return {"pixel_values": torch.from_numpy(pixel_values(pixels))}

    def vary(self, pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Images moved by a few pixels, and mirrored by chance."""
        count, height, width, _ = pixels.shape
        most = max(1, min(height, width) // SHIFT_SHARE)
        padded = np.pad(pixels, ((0, 0), (most, most), (most, most), (0, 0)), mode="edge")
        places = random.integers(0, 2 * most + 1, size=(count, 2))
        mirrored = random.random(count) < (0.5 if self.augment == "shift-flip" else 0)
        moved = np.stack([image[y : y + height, x : x + width] for image, (y, x) in zip(padded, places, strict=True)])
        moved[mirrored] = moved[mirrored][:, :, ::-1]
        return moved


def pixel_values(pixels: np.ndarray) -> np.ndarray:
    """uint8 [rows, height, width, colours] as the model's float32 [rows, colours, height, width] between 0 and 1."""
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2).astype(np.float32) * np.float32(1 / WHITE))


@dataclass(frozen=True)
class TokenFeed:
    """Token arrays, cut to the longest text among the rows. A prefix chooses one of several texts a row."""

    names: tuple[str, ...]
    prefix: str = ""

    def __call__(self, part: Part, rows: np.ndarray, random: np.random.Generator | None = None) -> Tensors:
        """Tokens as the network takes them."""
        longest = max(1, int(part.arrays[f"{self.prefix}attention_mask"][rows].sum(1).max()))
        return {
            name: torch.from_numpy(part.arrays[self.prefix + name][rows, :longest].astype(np.int64))
            for name in self.names
        }


@dataclass(frozen=True)
class FeatureFeed:
    """Vectors that another model made. A prefix chooses one of several a row."""

    prefix: str = ""

    def __call__(self, part: Part, rows: np.ndarray, random: np.random.Generator | None = None) -> Tensors:
        """Vectors [rows, size]."""
        return {"features": torch.from_numpy(part.arrays[f"{self.prefix}features"][rows])}
