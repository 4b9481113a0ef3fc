"""The recipe text-ranking: how well a text answers a query, both read together."""

import numpy as np

from aimass_toolkit.stage.document import Document

from .context import Context
from .data.rows import numbers
from .data.rows import texts as text_column
from .data.split import Part, split
from .metrics import ranking_metrics
from .networks.encoder import TextRanker
from .options import TEXT, TRAINING_ON_TEXTS, TRANSFER, Option
from .problem import refuse
from .run import begin
from .text_setup import Trained, encoder_config, require_own_base, settle_tokens, train_encoder
from .tokens import Tokens
from .training.feeds import TokenFeed
from .training.objectives import outputs_of
from .training.pairs import Rank

COLUMNS = (
    Option("queryColumn", "text", "query"),
    Option("textColumn", "text", "text"),
    Option("labelColumn", "text", "label"),
)
TABLE = (*TRAINING_ON_TEXTS, *TRANSFER, *TEXT, *COLUMNS)
TOKENS = {0: "batch", 1: "sequence"}
AXES = {"input_ids": TOKENS, "attention_mask": TOKENS, "token_type_ids": TOKENS, "logits": {0: "batch"}}
SIDES = 2


def run(document: Document) -> dict:
    """Trains an encoder of pairs with one score."""
    context = begin(document, TABLE)
    require_own_base(context)
    divided = split(load(context), document.seed, groups="groups")
    tokens = settle_tokens(context, [*divided.train.texts["query"], *divided.train.texts["text"]])
    parts = divided.map(lambda part: encode(part, tokens))
    config = {
        **encoder_config(context, tokens, SIDES),
        "problem_type": "regression",
        "id2label": {"0": "LABEL_0"},
        "label2id": {"LABEL_0": 0},
    }
    feed = TokenFeed(TextRanker.inputs)
    objective = Rank(feed, float(parts.train.arrays["labels"].max()))
    made = train_encoder(context, TextRanker(config, context.options["dropout"]), objective, parts)
    test = parts.test
    scores = outputs_of(made.network, test, feed)[:, 0]
    by_chance = np.random.default_rng(document.seed).random(test.rows)
    inputs = {name: test.arrays[name].astype(np.int64) for name in TextRanker.inputs}
    result = Trained(
        config=config,
        files=tokens.files(),
        metrics=ranking_metrics(scores, test.arrays["labels"], test.arrays["groups"]),
        sample=inputs,
        held_out={**inputs, "labels": test.arrays["labels"], "groups": test.arrays["groups"]},
        limits=["Scores order the texts of one query; those of different queries do not compare."],
        baseline=ranking_metrics(by_chance, test.arrays["labels"], test.arrays["groups"]),
    )
    return made.finish(context, parts, result, AXES)


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
