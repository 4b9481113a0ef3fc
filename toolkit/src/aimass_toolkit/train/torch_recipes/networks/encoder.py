"""A transformer encoder for texts, written plainly: PyTorch's own fast path cannot be exported to ONNX."""

import torch
from torch import nn

MODEL_TYPE = "aimass-encoder"
FAR_BELOW = -1e4
TINY = 1e-9


class Dense(nn.Module):
    """A dense layer whose weights lie in the graph as they are multiplied: tools that quantise look for that."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        like = nn.Linear(inputs, outputs)
        self.weight = nn.Parameter(like.weight.detach().T.contiguous())
        self.bias = nn.Parameter(like.bias.detach())

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Weighted sums of the values."""
        return torch.matmul(values, self.weight) + self.bias


class Attention(nn.Module):
    """Every token looks at every other one of its text."""

    def __init__(self, hidden: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.query, self.key, self.value, self.output = (Dense(hidden, hidden) for _ in range(4))
        self.dropout = nn.Dropout(dropout)
        self.heads, self.size = heads, hidden // heads

    def split(self, values: torch.Tensor) -> torch.Tensor:
        """Values by attention head."""
        return values.reshape(values.size(0), values.size(1), self.heads, self.size).transpose(1, 2)

    def forward(self, values: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """Each token as a mixture of all."""
        query, key, value = self.split(self.query(values)), self.split(self.key(values)), self.split(self.value(values))
        scores = torch.matmul(query, key.transpose(2, 3)) * self.size**-0.5 + bias
        mixed = torch.matmul(self.dropout(torch.softmax(scores, dim=-1)), value).transpose(1, 2)
        return self.output(mixed.reshape(values.size(0), values.size(1), self.heads * self.size))


class EncoderLayer(nn.Module):
    """Attention and two dense layers, each normalised before and added to what was there."""

    def __init__(self, config: dict, dropout: float) -> None:
        super().__init__()
        hidden = config["hidden_size"]
        self.attention_norm = nn.LayerNorm(hidden)
        self.attention = Attention(hidden, config["num_attention_heads"], dropout)
        self.dense_norm = nn.LayerNorm(hidden)
        self.widen = Dense(hidden, config["intermediate_size"])
        self.narrow = Dense(config["intermediate_size"], hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(self, values: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """The values after this layer."""
        values = values + self.dropout(self.attention(self.attention_norm(values), bias))
        return values + self.dropout(self.narrow(nn.functional.gelu(self.widen(self.dense_norm(values)))))


class Encoder(nn.Module):
    """From tokens to a vector for each."""

    def __init__(self, config: dict, dropout: float) -> None:
        super().__init__()
        hidden = config["hidden_size"]
        self.words = nn.Embedding(config["vocab_size"], hidden)
        self.positions = nn.Embedding(config["max_position_embeddings"], hidden)
        self.sides = nn.Embedding(config["type_vocab_size"], hidden) if config.get("type_vocab_size") else None
        self.embedding_norm = nn.LayerNorm(hidden)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(EncoderLayer(config, dropout) for _ in range(config["num_hidden_layers"]))
        self.norm = nn.LayerNorm(hidden)
        for embedding in (self.words, self.positions, self.sides):
            if embedding is not None:
                nn.init.normal_(embedding.weight, std=0.02)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor | None = None
    ) -> torch.Tensor:
        """A vector for each token."""
        values = self.words(input_ids) + self.positions.weight[: input_ids.size(1)]
        if self.sides is not None and token_type_ids is not None:
            values = values + self.sides(token_type_ids)
        values = self.dropout(self.embedding_norm(values))
        bias = (1.0 - attention_mask.to(values.dtype)).unsqueeze(1).unsqueeze(2) * FAR_BELOW
        for layer in self.layers:
            values = layer(values, bias)
        return self.norm(values)


def mean_of_tokens(values: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
    """One vector a text: the mean of its tokens, padding left out."""
    mask = attention_mask.to(values.dtype).unsqueeze(2)
    return (values * mask).sum(1) / mask.sum(1).clamp(min=TINY)


class TextModel(nn.Module):
    """An encoder; the three below put something on it."""

    inputs: tuple[str, ...] = ("input_ids", "attention_mask")

    def __init__(self, config: dict, dropout: float) -> None:
        super().__init__()
        self.backbone = Encoder(config, dropout)
        self.dropout = nn.Dropout(dropout)

    def layers(self) -> list[nn.Module]:
        """The parts from the input to the output, for learning rates that differ by depth."""
        embeddings = [
            part
            for part in (
                self.backbone.words,
                self.backbone.positions,
                self.backbone.sides,
                self.backbone.embedding_norm,
            )
            if part
        ]
        head = [self.head] if hasattr(self, "head") else []
        return [nn.ModuleList(embeddings), *self.backbone.layers, nn.ModuleList([self.backbone.norm, *head])]


class TextClassifier(TextModel):
    """Scores of the classes of a text."""

    outputs = ("logits",)

    def __init__(self, config: dict, dropout: float) -> None:
        super().__init__(config, dropout)
        self.head = nn.Linear(config["hidden_size"], len(config["id2label"]))

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Scores of the classes."""
        return self.head(self.dropout(mean_of_tokens(self.backbone(input_ids, attention_mask), attention_mask)))


class TextRanker(TextModel):
    """One score for a query and a text that are read together: from the mean of each side, and how both agree."""

    inputs = ("input_ids", "attention_mask", "token_type_ids")
    outputs = ("logits",)

    def __init__(self, config: dict, dropout: float) -> None:
        super().__init__(config, dropout)
        hidden = config["hidden_size"]
        self.head = nn.Linear(4 * hidden, 1)
        # Texts that are like the query start out as the better ones.
        nn.init.constant_(self.head.weight[:, 2 * hidden : 3 * hidden], hidden**-0.5)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        """The score of each pair."""
        values = self.backbone(input_ids, attention_mask, token_type_ids)
        query = mean_of_tokens(values, attention_mask * (1 - token_type_ids))
        text = mean_of_tokens(values, attention_mask * token_type_ids)
        return self.head(self.dropout(torch.cat([query, text, query * text, (query - text).abs()], dim=1)))


class TextEmbedder(TextModel):
    """A vector for each token, and their mean for the whole text."""

    outputs = ("last_hidden_state", "sentence_embedding")

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Vectors of the tokens and of the text."""
        values = self.backbone(input_ids, attention_mask)
        return values, mean_of_tokens(values, attention_mask)
