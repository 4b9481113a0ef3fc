"""Training a classifier of images or texts: from nothing, from a model of ours, or on the features of any
other model.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from onnx import ModelProto
from scipy.special import log_softmax
from torch import nn

from aimass_toolkit.stage.document import Document
from aimass_toolkit.stage.session import Session
from aimass_toolkit.train.given.model import GivenModel
from aimass_toolkit.train.given.session import Batch, open_session, run_all

from .artifact import Artifact, bounded, label_config, spread, write_artifact
from .context import Context
from .data.split import Part, Parts
from .graph.base_model import is_ours, load_weights
from .graph.export import compare, to_onnx
from .graph.features import SCORES, make_extractor
from .graph.frozen import Frozen
from .metrics import classification_metrics, most_common_baseline
from .networks.head import Head
from .options import Option
from .problem import refuse
from .run import Run, begin, finish
from .text_inputs import copied_files
from .training.feeds import FeatureFeed, Feed
from .training.objectives import SOFT, Classify, outputs_of


@dataclass(frozen=True)
class Loaded:
    """The data of a training, the names of its classes, and what the task needs to know of how inputs are made."""

    parts: Parts
    labels: list[str]
    form: object
    notes: tuple[str, ...] = ()


class ClassificationTask(Protocol):
    """What differs between images and texts."""

    table: tuple[Option, ...]
    model_type: str
    is_text: bool
    axes: dict[str, dict[int, str]]
    copied: tuple[str, ...]

    def load(self, context: Context) -> Loaded:
        """Reads the data and brings it into one form."""

    def config(self, context: Context, loaded: Loaded) -> dict:
        """config.json of the network, without the classes."""

    def network(self, config: dict, dropout: float) -> nn.Module:
        """The network of a configuration."""

    def start(self, network: nn.Module, loaded: Loaded) -> None:
        """Sets what the network needs to know of the training data."""

    def feed(self, options: dict) -> Feed:
        """How rows become tensors."""

    def files(self, loaded: Loaded) -> dict[str, str]:
        """The files beside the model."""

    def given_batch(self, given: GivenModel, session: Session, part: Part) -> Batch:
        """How rows become the inputs of a given model."""


@dataclass(frozen=True)
class Made:
    """A trained graph, and what belongs to it."""

    model: ModelProto
    config: dict
    files: dict[str, str]
    inputs: Callable[[Part, np.ndarray], dict[str, np.ndarray]]
    logits: np.ndarray
    run: Run
    description: str


def train_classifier(document: Document, task: ClassificationTask) -> dict:
    """The whole recipe."""
    context = begin(document, task.table)
    loaded = task.load(context)
    if context.teacher is not None:
        loaded = with_teacher(context, task, loaded)
    own = context.base is None or is_ours(context.base, task.model_type)
    made = (train_own if own else train_head)(context, task, loaded)
    test = loaded.parts.test
    metrics = classification_metrics(made.logits, test.arrays["labels"])
    if context.workers.is_first:
        write_artifact(document, describe(context, loaded, made, metrics))
    return finish(context, made.run, metrics)


def train_own(context: Context, task: ClassificationTask, loaded: Loaded) -> Made:
    """Trains all weights of a network of ours, or those that are not frozen."""
    config = {**task.config(context, loaded), **label_config(loaded.labels)}
    network = task.network(config, context.options["dropout"])
    task.start(network, loaded)
    if context.base is not None:
        load_weights(network, context.base, keeps_head=context.base.labels == loaded.labels)
    if context.options["freeze"] == "backbone":
        network.backbone.requires_grad_(False)
    feed = task.feed(context.options)
    objective = Classify(feed, context.options)
    run = Run.of(context, network, objective, loaded.parts)

    def inputs(part: Part, rows: np.ndarray) -> dict[str, np.ndarray]:
        return {name: values.numpy() for name, values in feed(part, rows, None).items()}

    test = loaded.parts.test
    sample = inputs(test, np.arange(min(2, test.rows)))
    model = to_onnx(network, sample, task.axes)
    compare(model, network, sample)
    logits = outputs_of(network, test, feed)
    count = sum(parameter.numel() for parameter in network.parameters())
    started = "" if context.base is None else ", started from the weights of the base model"
    return Made(
        model, config, task.files(loaded), inputs, logits, run, f"{config['model_type']}, {count} parameters{started}."
    )


def train_head(context: Context, task: ClassificationTask, loaded: Loaded) -> Made:
    """Trains a dense layer on the features of the base model, which stays as it is; both become one graph."""
    frozen = Frozen.of(make_extractor(context.base, task.is_text))

    def with_features(part: Part) -> Part:
        kept = {name: part.arrays[name] for name in ("labels", SOFT) if name in part.arrays}
        batch = task.given_batch(context.base, frozen.session, part)
        return Part({"features": frozen.features(part.rows, batch), **kept}, part.texts)

    parts, feed = loaded.parts.map(with_features), FeatureFeed()
    network = Head(parts.train.arrays["features"], len(loaded.labels), context.options["dropout"])
    run = Run.of(context, network, Classify(feed, context.options), parts)
    logits = outputs_of(network, parts.test, feed)

    def inputs(part: Part, rows: np.ndarray) -> dict[str, np.ndarray]:
        return task.given_batch(context.base, frozen.session, part)(rows)

    test = loaded.parts.test
    model = frozen.join(network, test.rows, task.given_batch(context.base, frozen.session, test))
    config = {**context.base.config, **label_config(loaded.labels)}
    files = copied_files(context.base, task.copied)
    return Made(
        model,
        config,
        files,
        inputs,
        logits,
        run,
        f"A dense layer on {parts.train.arrays['features'].shape[1]} features of the base model, which was not "
        "changed.",
    )


def with_teacher(context: Context, task: ClassificationTask, loaded: Loaded) -> Loaded:
    """The training rows with what the teacher says of them, as logits in the order of our classes."""
    teacher = context.teacher
    missing = [label for label in loaded.labels if label not in teacher.labels]
    if missing:
        refuse(
            "RecipeInvalid",
            f"spec.teacherModel does not know the class {missing[0]!r} (it has "
            f"{', '.join(teacher.labels[:20]) or 'none, as its config.json has no id2label'}); name a Model of the "
            "same classes, or write the labels in the data as the teacher does.",
        )
    session = open_session(teacher.model, f"model.onnx of {teacher.field}")
    output = next((name for name in SCORES if name in session.outputs), session.outputs[0])
    train = loaded.parts.train
    answers = run_all(session, train.rows, task.given_batch(teacher, session, train), output)
    if not np.isfinite(answers).all():
        refuse("RecipeInvalid", f"{teacher.field} gives scores that are no numbers for this data; name another Model.")
    order = [teacher.labels.index(label) for label in loaded.labels]
    if output != "logits":
        answers = np.log(np.clip(answers, 1e-7, 1))
    soft = log_softmax(answers.astype(np.float64), axis=1)[:, order].astype(np.float32)
    agreement = float((soft.argmax(1) == train.arrays["labels"]).mean())
    note = (
        f"Learned from a teacher that answers {agreement:.1%} of the training rows rightly "
        f"(temperature {context.options['temperature']:g}, alpha {context.options['alpha']:g})."
    )
    return replace(loaded, parts=replace(loaded.parts, train=train.plus(**{SOFT: soft})), notes=(*loaded.notes, note))


def describe(context: Context, loaded: Loaded, made: Made, metrics: dict[str, float]) -> Artifact:
    """The artifact of a classifier."""
    test, counts = loaded.parts.test, loaded.parts.counts()
    held = bounded(test.rows, made.inputs(test, np.arange(1)))
    data = [
        f"{counts['train']} rows to learn from, {counts['validation']} to decide when to stop, {counts['test']} "
        "held out."
    ]
    return Artifact(
        model=made.model,
        config=made.config,
        files=made.files,
        metrics={**metrics, **made.run.figures},
        examples=made.inputs(test, spread(test.rows)),
        held_out={**made.inputs(test, held), "labels": test.arrays["labels"][held]},
        description=made.description,
        data=data,
        notes=[*loaded.notes, made.run.note],
        limits=["Any input gets one of the classes; there is no answer for 'none of these'."],
        baseline=most_common_baseline(loaded.parts.train.arrays["labels"], test.arrays["labels"], len(loaded.labels)),
    )
