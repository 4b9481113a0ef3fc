"""The frame around one training: repeatable chance, threads, checkpoints, and what is told at its end."""

import hashlib
import json
from dataclasses import dataclass

import torch
from torch import nn

from aimass_toolkit.stage.document import Document

from .context import Context
from .data.split import Part, Parts
from .options import Option
from .problem import refuse
from .training.checkpoint import Checkpoints
from .training.loop import Course, Trainer
from .training.objectives import Objective
from .training.workers import Workers


def begin(document: Document, table: tuple[Option, ...]) -> Context:
    """Meets the other workers, and makes PyTorch repeatable."""
    context = Context(document, table, Workers.join())
    if context.options["freeze"] != "none" and context.base is None:
        refuse(
            "RecipeInvalid", "the option freeze is backbone, but there is no spec.baseModel; name one, or leave it out."
        )
    torch.use_deterministic_algorithms(True)
    if context.options["threads"] is not None:
        torch.set_num_threads(context.options["threads"])
    torch.manual_seed(document.seed)
    return context


@dataclass(frozen=True)
class Run:
    """A training that is over; its network has the best weights."""

    course: Course
    figures: dict[str, float]
    note: str

    @staticmethod
    def of(context: Context, network: nn.Module, objective: Objective, parts: Parts) -> "Run":
        """Trains the network."""
        checkpoints = Checkpoints(context.document.paths.checkpoints, fingerprint(context, parts, network))
        trainer = Trainer(network, objective, context.options, context.document.seed, context.workers, checkpoints)
        with context.workers.together():
            course = trainer.fit(parts)
        figures = {f"val_{name}": value for name, value in objective.measure(network, parts.validation).items()}
        options = {name: value for name, value in context.options.items() if value is not None}
        told = f"Trained for {course.epoch} epochs, best after {course.best_epoch}; seed {context.document.seed}"
        note = f"{told}; options {json.dumps(options)}."
        return Run(course, figures, note)


def finish(context: Context, run: Run, metrics: dict[str, float]) -> dict:
    """The result of the stage, after all workers are through."""
    with context.workers.together():
        context.workers.leave()
    return {"metrics": {**metrics, **run.figures}, "steps": run.course.epoch}


def fingerprint(context: Context, parts: Parts, network: nn.Module) -> str:
    """What a checkpoint must agree with: options, seed, data, and the weights that training starts from."""
    options = {name: value for name, value in context.options.items() if name != "threads"}
    digest = hashlib.sha256(json.dumps([options, context.document.seed], sort_keys=True).encode())
    for part in (parts.train, parts.validation):
        add_part(digest, part)
    for name, value in network.state_dict().items():
        digest.update(name.encode() + value.numpy().tobytes())
    return digest.hexdigest()


def add_part(digest: "hashlib._Hash", part: Part) -> None:
    """Adds the arrays of a part to a digest."""
    for name, values in sorted(part.arrays.items()):
        digest.update(f"{name} {values.dtype} {values.shape}".encode())
        digest.update(values.tobytes())
