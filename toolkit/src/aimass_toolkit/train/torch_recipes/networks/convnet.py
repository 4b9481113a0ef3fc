"""A small convolutional network for images."""

import torch
from torch import nn

MODEL_TYPE = "aimass-convnet"
SMALLEST_TO_HALVE = 4


class Block(nn.Module):
    """Two convolutions; halves the image where it is large enough."""

    def __init__(self, inputs: int, outputs: int, halves: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.halves = halves

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Features of the block."""
        values = torch.relu(self.first_norm(self.first(values)))
        values = torch.relu(self.second_norm(self.second(values)))
        return nn.functional.max_pool2d(values, 2) if self.halves else values


class ConvBackbone(nn.Module):
    """From pixels between 0 and 1 to one vector an image. Normalising is part of it."""

    def __init__(self, config: dict) -> None:
        super().__init__()
        colours, widths = config["num_channels"], config["hidden_sizes"]
        self.register_buffer("mean", torch.zeros(1, colours, 1, 1))
        self.register_buffer("deviation", torch.ones(1, colours, 1, 1))
        size, blocks = config["image_size"], []
        for inputs, outputs in zip([colours, *widths[:-1]], widths, strict=True):
            halves = size >= SMALLEST_TO_HALVE
            blocks.append(Block(inputs, outputs, halves))
            size = size // 2 if halves else size
        self.blocks = nn.ModuleList(blocks)

    def normalise_as(self, mean: list[float], deviation: list[float]) -> None:
        """Sets what pixels are shifted and scaled by: figures of the training images."""
        self.mean.copy_(torch.tensor(mean).view_as(self.mean))
        self.deviation.copy_(torch.tensor(deviation).view_as(self.deviation))

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """One vector an image."""
        values = (pixel_values - self.mean) / self.deviation
        for block in self.blocks:
            values = block(values)
        return values.mean((2, 3))


class ImageClassifier(nn.Module):
    """Scores of the classes of an image."""

    inputs = ("pixel_values",)
    outputs = ("logits",)

    def __init__(self, config: dict, dropout: float) -> None:
        super().__init__()
        self.backbone = ConvBackbone(config)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(config["hidden_sizes"][-1], len(config["id2label"]))

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """Scores of the classes."""
        return self.head(self.dropout(self.backbone(pixel_values)))

    def layers(self) -> list[nn.Module]:
        """The parts from the input to the output, for learning rates that differ by depth."""
        return [*self.backbone.blocks, self.head]


def widths(channels: int, layers: int) -> list[int]:
    """Channels of each block: doubled from block to block, up to eight times the first."""
    return [channels * min(2**index, 8) for index in range(layers)]
