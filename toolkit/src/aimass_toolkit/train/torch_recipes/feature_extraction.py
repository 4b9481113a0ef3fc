"""The recipe feature-extraction: embeddings of texts, learned from pairs that belong together."""

import numpy as np

from aimass_toolkit.stage.document import Document

from .artifact import text_of
from .context import Context
from .data.rows import texts as text_column
from .data.split import Part, split
from .metrics import retrieval_metrics
from .networks.encoder import TextEmbedder
from .options import TEXT, TRAINING, TRANSFER, Option
from .run import begin
from .text_setup import Trained, encoder_config, require_own_base, settle_tokens, train_encoder
from .tokens import Tokens
from .training.feeds import TokenFeed
from .training.objectives import outputs_of
from .training.pairs import AGAINST, LEFT, RIGHT, Contrast

COLUMNS = (
    Option("textColumn", "text", "text"),
    Option("positiveColumn", "text", "positive"),
    Option("negativeColumn", "text", "negative"),
    Option("temperature", "number", 0.05, 0.001, 10),
)
TABLE = (*TRAINING, *TRANSFER, *TEXT, *COLUMNS)
SIDES = {LEFT: "textColumn", RIGHT: "positiveColumn", AGAINST: "negativeColumn"}
TOKENS = {0: "batch", 1: "sequence"}
AXES = {"input_ids": TOKENS, "attention_mask": TOKENS, "last_hidden_state": TOKENS, "sentence_embedding": {0: "batch"}}


def run(document: Document) -> dict:
    """Trains an encoder whose mean over the tokens is the vector of a text."""
    context = begin(document, TABLE)
    require_own_base(context)
    divided = split(load(context), document.seed)
    tokens = settle_tokens(context, [text for side in divided.train.texts.values() for text in side])
    parts = divided.map(lambda part: encode(part, tokens))
    config = encoder_config(context, tokens)
    made = train_encoder(
        context,
        TextEmbedder(config, context.options["dropout"]),
        Contrast(TextEmbedder.inputs, context.options["temperature"]),
        parts,
    )
    left, right = (
        outputs_of(made.network, parts.test, TokenFeed(TextEmbedder.inputs, prefix)) for prefix in (LEFT, RIGHT)
    )
    result = Trained(
        config=config,
        files={**tokens.files(), **sentence_files(config["hidden_size"])},
        metrics=retrieval_metrics(left, right),
        sample=side_of(parts.test, LEFT),
        held_out={**prefixed(parts.test, LEFT), **prefixed(parts.test, RIGHT)},
        limits=[
            "Near vectors mean texts like the pairs of the training data, which is not always what you search for."
        ],
        baseline={"recallAt1": 1 / parts.test.rows},
    )
    return made.finish(context, parts, result, AXES)


def load(context: Context) -> dict[str, Part]:
    """The texts of each side; a column of negatives only where there is one."""
    found = {}
    for role, table in context.tables().items():
        sides = {
            prefix: name
            for prefix, name in SIDES.items()
            if prefix != AGAINST or context.options[name] in table.columns
        }
        found[role] = Part(
            {}, {prefix: text_column(table, context.options[name], role) for prefix, name in sides.items()}
        )
    return found


def encode(part: Part, tokens: Tokens) -> Part:
    """The tokens of all sides, and which texts are the same."""
    arrays: dict[str, np.ndarray] = {}
    for prefix, texts in part.texts.items():
        found = tokens.encode(texts)
        arrays.update({prefix + name: found[name] for name in TextEmbedder.inputs})
    for name, prefix in (("left", LEFT), ("right", RIGHT)):
        arrays[name] = np.unique(np.array(part.texts[prefix]), return_inverse=True)[1].astype(np.int64)
    return Part(arrays, part.texts)


def side_of(part: Part, prefix: str) -> dict[str, np.ndarray]:
    """One side as the graph's inputs."""
    return {name: part.arrays[prefix + name].astype(np.int64) for name in TextEmbedder.inputs}


def prefixed(part: Part, prefix: str) -> dict[str, np.ndarray]:
    """One side under its prefix."""
    return {prefix + name: values for name, values in side_of(part, prefix).items()}


def sentence_files(size: int) -> dict[str, str]:
    """How the vectors of tokens become one, as sentence-transformers writes it."""
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    entries = [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for number, (path, kind) in enumerate(modules)
    ]
    pooling = {
        "word_embedding_dimension": size,
        "pooling_mode_cls_token": False,
        "pooling_mode_mean_tokens": True,
        "pooling_mode_max_tokens": False,
    }
    return {"modules.json": text_of(entries), "1_Pooling/config.json": text_of(pooling)}
