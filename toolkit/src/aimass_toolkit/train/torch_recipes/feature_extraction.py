"""The recipe feature-extraction: embeddings of texts, learned from pairs that belong together."""

from functools import partial

import numpy as np

from aimass_toolkit.stage.document import Document
from aimass_toolkit.train.given.session import Batch

from .artifact import text_of
from .context import Context
from .data.rows import texts as text_column
from .data.split import Part, Parts, split
from .graph.features import SENTENCES, make_extractor
from .graph.frozen import Frozen
from .metrics import retrieval_metrics
from .networks.encoder import TextEmbedder
from .networks.head import Projection
from .options import ALPHA, TEXT, TRAINING, TRANSFER, Option
from .run import Run, begin
from .text_inputs import copied_files, token_batch
from .text_setup import TextModel, Trained, encoder_config, is_foreign, settle_tokens, train_encoder, write_text_model
from .text_teacher import with_vectors
from .tokens import Tokens
from .training.feeds import FeatureFeed, TokenFeed
from .training.objectives import outputs_of
from .training.pairs import AGAINST, LEFT, RIGHT, Contrast

COLUMNS = (
    Option("textColumn", "text", "text"),
    Option("positiveColumn", "text", "positive"),
    Option("negativeColumn", "text", "negative"),
    Option("temperature", "number", 0.05, 0.001, 10),
)
TABLE = (*TRAINING, *TRANSFER, ALPHA, *TEXT, *COLUMNS)
SIDES = {LEFT: "textColumn", RIGHT: "positiveColumn", AGAINST: "negativeColumn"}
TOKENS = {0: "batch", 1: "sequence"}
AXES = {"input_ids": TOKENS, "attention_mask": TOKENS, "last_hidden_state": TOKENS, "sentence_embedding": {0: "batch"}}


def run(document: Document) -> dict:
    """Trains an encoder whose mean over the tokens is the vector of a text, or turns the vectors of a base model."""
    context = begin(document, TABLE)
    divided = with_vectors(context, split(load(context), document.seed))
    return (train_on_features if is_foreign(context) else train_own)(context, divided)


def train_own(context: Context, divided: Parts) -> dict:
    """Trains all weights of a network of ours."""
    tokens = settle_tokens(context, [text for side in divided.train.texts.values() for text in side])
    parts = divided.map(lambda part: encode(part, tokens))
    config = encoder_config(context, tokens)
    feed_of = partial(TokenFeed, TextEmbedder.inputs)
    network = TextEmbedder(config, context.options["dropout"])
    made = train_encoder(context, network, Contrast(feed_of, context.options), parts)
    vectors = [outputs_of(made.network, parts.test, feed_of(side)) for side in (LEFT, RIGHT)]
    inputs = [side_of(parts.test, side) for side in (LEFT, RIGHT)]
    files = {**tokens.files(), **sentence_files(config["hidden_size"])}
    return made.finish(context, parts, describe(vectors, inputs, (config, files)), AXES)


def train_on_features(context: Context, divided: Parts) -> dict:
    """Trains a dense layer that turns the vectors of the base model; it starts by changing nothing."""
    frozen = Frozen.of(make_extractor(context.base, is_text=True, vectors=SENTENCES))

    def batch_of(part: Part, side: str) -> Batch:
        return token_batch(context.base, frozen.session, part.texts[side])

    def with_features(part: Part) -> Part:
        found = {f"{side}features": frozen.features(part.rows, batch_of(part, side)) for side in part.texts}
        return part.plus(**found, **same_texts(part))

    parts = divided.map(with_features)
    size = parts.train.arrays[f"{LEFT}features"].shape[1]
    network = Projection(size, context.options["dropout"])
    run = Run.of(context, network, Contrast(FeatureFeed, context.options), parts)
    vectors = [outputs_of(network, parts.test, FeatureFeed(side)) for side in (LEFT, RIGHT)]
    batches = [batch_of(divided.test, side) for side in (LEFT, RIGHT)]
    graph = frozen.join(network, divided.test.rows, batches[0])
    rows = np.arange(divided.test.rows)
    files = {**copied_files(context.base), "modules.json": text_of(modules("Transformer", "Normalize"))}
    trained = describe(vectors, [batch(rows) for batch in batches], (dict(context.base.config), files))
    said = f"A dense layer on the {size} features of the base model, which was not changed."
    return write_text_model(context, parts, trained, TextModel(graph, run, said))


def describe(
    vectors: list[np.ndarray], inputs: list[dict[str, np.ndarray]], files: tuple[dict, dict[str, str]]
) -> Trained:
    """What is said of embeddings, by both sides of the held-out pairs; `files` are config.json and the others."""
    left, right = inputs
    return Trained(
        config=files[0],
        files=files[1],
        metrics=retrieval_metrics(*vectors),
        sample=left,
        held_out={**prefixed(left, LEFT), **prefixed(right, RIGHT)},
        limits=[
            "Near vectors mean texts like the pairs of the training data, which is not always what you search for."
        ],
        baseline={"recallAt1": 1 / len(vectors[0])},
    )


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
    return part.plus(**arrays, **same_texts(part))


def same_texts(part: Part) -> dict[str, np.ndarray]:
    """A number for each text of both sides, the same for the same texts: those are no wrong answers."""
    return {
        name: np.unique(np.array(part.texts[side]), return_inverse=True)[1].astype(np.int64)
        for name, side in (("left", LEFT), ("right", RIGHT))
    }


def side_of(part: Part, prefix: str) -> dict[str, np.ndarray]:
    """One side as the graph's inputs."""
    return {name: part.arrays[prefix + name].astype(np.int64) for name in TextEmbedder.inputs}


def prefixed(side: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """One side under its prefix."""
    return {prefix + name: values for name, values in side.items()}


def sentence_files(size: int) -> dict[str, str]:
    """How the vectors of tokens become one, as sentence-transformers writes it."""
    pooling = {
        "word_embedding_dimension": size,
        "pooling_mode_cls_token": False,
        "pooling_mode_mean_tokens": True,
        "pooling_mode_max_tokens": False,
    }
    return {
        "modules.json": text_of(modules("Transformer", "Pooling", "Normalize")),
        "1_Pooling/config.json": text_of(pooling),
    }


def modules(*kinds: str) -> list[dict]:
    """The steps from a text to its vector, as sentence-transformers writes them."""
    return [
        {
            "idx": number,
            "name": str(number),
            "path": f"{number}_{kind}" if number else "",
            "type": f"sentence_transformers.models.{kind}",
        }
        for number, kind in enumerate(kinds)
    ]
