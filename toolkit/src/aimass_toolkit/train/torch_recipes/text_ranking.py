"""The recipe text-ranking: how well a text answers a query, both read together."""

import numpy as np

from aimass_toolkit.stage.document import Document
from aimass_toolkit.train.given.session import Batch

from .context import Context
from .data.rows import numbers
from .data.rows import texts as text_column
from .data.split import Part, Parts, split
from .graph.features import ranking_extractor
from .graph.frozen import Frozen
from .metrics import ranking_metrics
from .networks.encoder import TextRanker
from .networks.head import Head
from .options import ALPHA, TEXT, TRAINING_ON_TEXTS, TRANSFER, Option
from .problem import refuse
from .run import Run, begin
from .text_inputs import copied_files, token_batch
from .text_setup import TextModel, Trained, encoder_config, is_foreign, settle_tokens, train_encoder, write_text_model
from .text_teacher import with_scores
from .tokens import Tokens
from .training.feeds import FeatureFeed, Feed, TokenFeed
from .training.objectives import outputs_of
from .training.pairs import Rank

COLUMNS = (
    Option("queryColumn", "text", "query"),
    Option("textColumn", "text", "text"),
    Option("labelColumn", "text", "label"),
)
TABLE = (*TRAINING_ON_TEXTS, *TRANSFER, ALPHA, *TEXT, *COLUMNS)
TOKENS = {0: "batch", 1: "sequence"}
AXES = {"input_ids": TOKENS, "attention_mask": TOKENS, "token_type_ids": TOKENS, "logits": {0: "batch"}}
SIDES = 2
ONE_SCORE = {"problem_type": "regression", "id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}


def run(document: Document) -> dict:
    """Trains an encoder of pairs with one score, or a score on the features of a base model of others."""
    context = begin(document, TABLE)
    divided = with_scores(context, split(load(context), document.seed, groups="groups"))
    return (train_on_features if is_foreign(context) else train_own)(context, divided)


def train_own(context: Context, divided: Parts) -> dict:
    """Trains all weights of a network of ours, or those that are not frozen."""
    tokens = settle_tokens(context, [*divided.train.texts["query"], *divided.train.texts["text"]])
    parts = divided.map(lambda part: encode(part, tokens))
    config = {**encoder_config(context, tokens, SIDES), **ONE_SCORE}
    feed = TokenFeed(TextRanker.inputs)
    network = TextRanker(config, context.options["dropout"])
    made = train_encoder(context, network, objective_of(context, feed, parts), parts)
    inputs = {name: parts.test.arrays[name].astype(np.int64) for name in TextRanker.inputs}
    scores = outputs_of(made.network, parts.test, feed)[:, 0]
    trained = describe(context, parts.test, scores, inputs, (config, tokens.files()))
    return made.finish(context, parts, trained, AXES)


def train_on_features(context: Context, divided: Parts) -> dict:
    """Trains a dense layer to one score. It starts from the base model's own score, where that gives one."""
    extractor, has_score = ranking_extractor(context.base)
    frozen = Frozen.of(extractor)

    def batch_of(part: Part) -> Batch:
        return token_batch(context.base, frozen.session, part.texts["query"], part.texts["text"])

    parts = divided.map(lambda part: part.plus(features=frozen.features(part.rows, batch_of(part))))
    features, feed = parts.train.arrays["features"], FeatureFeed()
    network = Head(features, 1, context.options["dropout"])
    if has_score:
        network.pass_last()
    run = Run.of(context, network, objective_of(context, feed, parts), parts)
    batch = batch_of(divided.test)
    graph = frozen.join(network, divided.test.rows, batch)
    scores = outputs_of(network, parts.test, feed)[:, 0]
    files = ({**context.base.config, **ONE_SCORE}, copied_files(context.base))
    trained = describe(context, parts.test, scores, batch(np.arange(parts.test.rows)), files)
    own = ", its own score among them," if has_score else ","
    said = f"A dense layer to one score on {features.shape[1]} features of the base model{own} which was not changed."
    return write_text_model(context, parts, trained, TextModel(graph, run, said))


def objective_of(context: Context, feed: Feed, parts: Parts) -> Rank:
    """What scores are trained towards, by the label of the texts that fit best."""
    return Rank(feed, float(parts.train.arrays["labels"].max()), context.options["alpha"])


def describe(
    context: Context, test: Part, scores: np.ndarray, inputs: dict[str, np.ndarray], files: tuple[dict, dict[str, str]]
) -> Trained:
    """What is said of a ranker: `scores` [rows] of the held-out pairs; `files` are config.json and those of tokens."""
    labels, groups = test.arrays["labels"], test.arrays["groups"]
    by_chance = np.random.default_rng(context.document.seed).random(test.rows)
    return Trained(
        config=files[0],
        files=files[1],
        metrics=ranking_metrics(scores, labels, groups),
        sample=inputs,
        held_out={**inputs, "labels": labels, "groups": groups},
        limits=["Scores order the texts of one query; those of different queries do not compare."],
        baseline=ranking_metrics(by_chance, labels, groups),
    )


def load(context: Context) -> dict[str, Part]:
    """Queries, texts and labels; rows of the same query are a group."""
    found, options = {}, context.options
    for role, table in context.tables().items():
        queries, texts = (text_column(table, options[name], role) for name in ("queryColumn", "textColumn"))
        labels = numbers(table, options["labelColumn"], role)
        if labels.min() < 0:
            refuse(
                "DataInvalid",
                f"the column {options['labelColumn']!r} of data entry {role!r} has {labels.min():g}; relevance "
                "starts at 0.",
            )
        groups = np.unique(np.array(queries), return_inverse=True)[1].astype(np.int64)
        found[role] = Part({"labels": labels, "groups": groups}, {"query": queries, "text": texts})
    labels = found["train"].arrays["labels"]
    if labels.min() == labels.max():
        refuse(
            "TargetConstant",
            f"the column {options['labelColumn']!r} of the training data is {labels[0]:g} in all rows; it must "
            "tell relevant texts from others.",
        )
    return found


def encode(part: Part, tokens: Tokens) -> Part:
    """Query and text as one sequence of tokens."""
    arrays = tokens.encode(part.texts["query"], part.texts["text"])
    return part.plus(**{name: arrays[name] for name in TextRanker.inputs})
