"""The recipe text-classification."""

from typing import ClassVar

import numpy as np
from torch import nn

from aimass_toolkit.stage.document import Document
from aimass_toolkit.stage.session import Session
from aimass_toolkit.train.given.model import GivenModel
from aimass_toolkit.train.given.session import Batch

from .classification import Loaded, train_classifier
from .context import Context
from .data.labels import name_labels, number_labels
from .data.rows import labels as label_column
from .data.rows import texts as text_column
from .data.split import Part, split
from .networks.encoder import MODEL_TYPE, TextClassifier
from .options import CLASSES, TEACHING, TEXT, TRAINING_ON_TEXTS, TRANSFER, Option
from .text_inputs import TOKENIZER_FILES, token_batch
from .text_setup import encoder_config, settle_tokens
from .tokens import Tokens
from .training.feeds import Feed, TokenFeed

COLUMNS = (Option("textColumn", "text", "text"), Option("labelColumn", "text", "label"))


def run(document: Document) -> dict:
    """Trains a classifier of texts."""
    return train_classifier(document, TextTask())


class TextTask:
    """What is special about texts."""

    table = (*TRAINING_ON_TEXTS, *TRANSFER, *CLASSES, *TEACHING, *TEXT, *COLUMNS)
    model_type = MODEL_TYPE
    is_text = True
    axes: ClassVar = {
        "input_ids": {0: "batch", 1: "sequence"},
        "attention_mask": {0: "batch", 1: "sequence"},
        "logits": {0: "batch"},
    }
    copied = TOKENIZER_FILES

    def load(self, context: Context) -> Loaded:
        """Texts and labels, and the tokens of the texts: by the base model's tokenizer, or by one that is
        trained here.
        """
        options, given = context.options, {}
        for role, table in context.tables().items():
            given[role] = (
                text_column(table, options["textColumn"], role),
                label_column(table, options["labelColumn"], role),
            )
        labels = name_labels(given["train"][1], f"the column {options['labelColumn']!r} of the training data")
        parts = {
            role: Part({"labels": number_labels(names, labels, role)}, {"text": texts})
            for role, (texts, names) in given.items()
        }
        divided = split(parts, context.document.seed)
        tokens = settle_tokens(context, divided.train.texts["text"])
        return Loaded(divided.map(lambda part: part.plus(**encoded(tokens, part.texts["text"]))), labels, tokens)

    def config(self, context: Context, loaded: Loaded) -> dict:
        """config.json of the network, without the classes."""
        return encoder_config(context, loaded.form)

    def network(self, config: dict, dropout: float) -> nn.Module:
        """The network of a configuration."""
        return TextClassifier(config, dropout)

    def start(self, network: nn.Module, loaded: Loaded) -> None:
        """Nothing to set by the data."""

    def feed(self, options: dict) -> Feed:
        """How rows become tensors."""
        return TokenFeed(TextClassifier.inputs)

    def files(self, loaded: Loaded) -> dict[str, str]:
        """The files beside the model."""
        return loaded.form.files()

    def given_batch(self, given: GivenModel, session: Session, part: Part) -> Batch:
        """Tokens of the given model's own tokenizer."""
        return token_batch(given, session, part.texts["text"])


def encoded(tokens: Tokens, texts: list[str]) -> dict[str, np.ndarray]:
    """The arrays that a classifier takes."""
    arrays = tokens.encode(texts)
    return {name: arrays[name] for name in TextClassifier.inputs}
