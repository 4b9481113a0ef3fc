"""What the recipes on texts share: the tokenizer, and the shape of the encoder."""

from dataclasses import dataclass

import numpy as np
from onnx import ModelProto
from torch import nn

from aimass_toolkit.train.given.model import GivenModel

from .artifact import Artifact, spread, write_artifact
from .context import Context
from .data.split import Parts
from .graph.base_model import is_ours, load_weights
from .graph.export import compare, to_onnx
from .networks.encoder import MODEL_TYPE, TextRanker
from .problem import refuse
from .run import Run, finish
from .text_teacher import teacher_notes
from .tokens import Tokens, tokens_of, train_tokens
from .training.objectives import Objective

WIDER = 4


def settle_tokens(context: Context, texts: list[str]) -> Tokens:
    """The base model's tokenizer, or one trained on these texts; the same on all workers."""
    if context.base is not None and is_ours(context.base, MODEL_TYPE):
        return tokens_of(context.base, context.options["maxLength"])
    tokens = train_tokens(texts, context.options) if context.workers.is_first else None
    return context.workers.share(tokens)


def encoder_config(context: Context, tokens: Tokens, sides: int = 0) -> dict:
    """config.json of an encoder: the base model's shape, or that of the options, in the names that Hugging
    Face uses.
    """
    if context.base is not None:
        return {**context.base.config, "type_vocab_size": sides}
    options = context.options
    if options["hidden"] % options["heads"]:
        refuse(
            "RecipeInvalid",
            f"the option hidden is {options['hidden']}, which {options['heads']} heads do not divide; change "
            "hidden or heads.",
        )
    return {
        "model_type": MODEL_TYPE,
        "vocab_size": tokens.size,
        "hidden_size": options["hidden"],
        "num_hidden_layers": options["layers"],
        "num_attention_heads": options["heads"],
        "intermediate_size": WIDER * options["hidden"],
        "max_position_embeddings": tokens.longest,
        "type_vocab_size": sides,
        "hidden_act": "gelu",
    }


def is_foreign(context: Context) -> bool:
    """Whether the base model is one whose weights these recipes cannot go on training."""
    return context.base is not None and not is_ours(context.base, MODEL_TYPE)


@dataclass(frozen=True)
class Trained:
    """What a recipe says of its network: the files beside it, and how good it is."""

    config: dict
    files: dict[str, str]
    metrics: dict[str, float]
    sample: dict[str, np.ndarray]
    held_out: dict[str, np.ndarray]
    limits: list[str]
    baseline: dict[str, float]


@dataclass(frozen=True)
class TrainedEncoder:
    """A network after its training."""

    network: nn.Module
    run: Run

    def finish(self, context: Context, parts: Parts, trained: Trained, axes: dict) -> dict:
        """Exports the network, and writes the artifact."""
        sample = {name: trained.sample[name][:2] for name in self.network.inputs}
        model = to_onnx(self.network, sample, axes)
        compare(model, self.network, sample)
        started = ", started from the weights of the base model" if context.base else ""
        size = sum(parameter.numel() for parameter in self.network.parameters())
        return write_text_model(
            context, parts, trained, TextModel(model, self.run, f"{MODEL_TYPE}, {size} parameters{started}.")
        )


@dataclass(frozen=True)
class TextModel:
    """A graph that is ready to serve, the training that made it, and a sentence on what it is."""

    graph: ModelProto
    run: Run
    description: str


def write_text_model(context: Context, parts: Parts, trained: Trained, made: TextModel) -> dict:
    """Writes the artifact; gives the result of the stage."""
    if context.workers.is_first:
        counts = parts.counts()
        artifact = Artifact(
            model=made.graph,
            config=trained.config,
            files=trained.files,
            metrics={**trained.metrics, **made.run.figures},
            examples={name: values[spread(len(values))] for name, values in trained.sample.items()},
            held_out=trained.held_out,
            description=made.description,
            data=[
                f"{counts['train']} rows to learn from, {counts['validation']} to decide when to stop, "
                f"{counts['test']} held out."
            ],
            notes=[*teacher_notes(context, parts.train), made.run.note],
            limits=trained.limits,
            baseline=trained.baseline,
        )
        write_artifact(context.document, artifact)
    return finish(context, made.run, trained.metrics)


def train_encoder(context: Context, network: nn.Module, objective: Objective, parts: Parts) -> TrainedEncoder:
    """Trains an encoder, from the base model's weights where there is one."""
    if context.base is not None:
        load_weights(network, context.base, keeps_head=isinstance(network, TextRanker) and is_ranker(context.base))
    if context.options["freeze"] == "backbone":
        if not hasattr(network, "head"):
            refuse(
                "RecipeInvalid",
                "the option freeze is backbone, but this recipe has no head that could be trained instead; "
                "leave it out.",
            )
        network.backbone.requires_grad_(False)
    return TrainedEncoder(network, Run.of(context, network, objective, parts))


def is_ranker(given: GivenModel) -> bool:
    """Whether a model of ours has a head of one score."""
    head = given.weights.get("head.weight")
    return head is not None and head.shape[0] == 1
