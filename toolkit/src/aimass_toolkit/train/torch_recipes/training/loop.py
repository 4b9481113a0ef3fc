"""The training loop: epochs, early stopping, checkpoints, one worker or several."""

import copy
import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from aimass_toolkit.stage import progress

from ..data.split import Part, Parts
from ..problem import refuse
from .checkpoint import Checkpoints
from .objectives import Objective
from .schedule import Schedule, make_optimiser
from .workers import Workers

FEWEST_A_WORKER = 2
EPOCH_STRIDE = 100_003


@dataclass
class Course:
    """How far training is: the part of its state that is neither weights nor optimiser."""

    epoch: int = 0
    best_loss: float = math.inf
    best_epoch: int = 0
    best: dict = field(default_factory=dict)
    is_over: bool = False


@dataclass(frozen=True)
class Trainer:
    """All that one training needs."""

    network: nn.Module
    objective: Objective
    options: dict
    seed: int
    workers: Workers
    checkpoints: Checkpoints

    def fit(self, parts: Parts) -> Course:
        """Trains to the end, or until validation has not become better for long; the network then has its
        best weights.
        """
        optimiser = make_optimiser(self.network, self.options)
        course = self.resume(optimiser)
        wrapped = self.workers.wrap(self.network)
        while not course.is_over and course.epoch < self.options["epochs"]:
            course.epoch += 1
            loss = self.run_epoch(wrapped, optimiser, parts.train, course.epoch)
            self.finish_epoch(course, loss, parts.validation)
            if self.workers.is_first:
                self.save(course, optimiser)
        self.network.load_state_dict(self.workers.share_state(course.best))
        self.network.eval()
        return course

    def resume(self, optimiser: torch.optim.Optimizer) -> Course:
        """Takes up the newest checkpoint."""
        state = self.workers.share_state(self.checkpoints.load() if self.workers.is_first else None)
        if state is None:
            return Course()
        self.network.load_state_dict(state["network"])
        optimiser.load_state_dict({**optimiser.state_dict(), "state": state["optimiser"]})
        return Course(state["epoch"], state["best_loss"].item(), state["best_epoch"], state["best"], state["is_over"])

    def save(self, course: Course, optimiser: torch.optim.Optimizer) -> None:
        """Writes a checkpoint."""
        # Without plain floats: PyTorch 1.13 refuses them where it reads nothing but weights, which is the safe way.
        state = {
            "epoch": course.epoch,
            "best_loss": torch.tensor(course.best_loss, dtype=torch.float64),
            "best_epoch": course.best_epoch,
            "best": course.best,
            "is_over": course.is_over,
            "network": self.network.state_dict(),
            "optimiser": optimiser.state_dict()["state"],
        }
        self.checkpoints.save(state)

    def run_epoch(self, wrapped: nn.Module, optimiser: torch.optim.Optimizer, train: Part, epoch: int) -> float:
        """One pass over the rows. All chance hangs on the seed, the epoch and the worker alone, so a resumed
        run repeats it.
        """
        shared = np.random.default_rng([self.seed, epoch])
        own = np.random.default_rng([self.seed, epoch, self.workers.rank])
        torch.manual_seed((self.seed * EPOCH_STRIDE + epoch) * EPOCH_STRIDE + self.workers.rank)
        self.train_mode()
        batches, losses = self.batches(shared.permutation(train.rows)), []
        schedule = self.schedule(len(batches))
        for number, rows in enumerate(batches):
            schedule.apply(optimiser, (epoch - 1) * len(batches) + number, self.options["learningRate"])
            mine = rows[self.workers.rank :: self.workers.count]
            optimiser.zero_grad()
            loss = self.objective.loss(wrapped, self.objective.batch(train, mine, own))
            loss.backward()
            self.clip()
            optimiser.step()
            losses.append(loss.item())
        if not math.isfinite(sum(losses)):
            refuse(
                "ProgramFailed",
                f"the loss is no longer a number in epoch {epoch}; lower the option learningRate "
                f"({self.options['learningRate']:g}), or set gradientClip.",
            )
        return sum(losses) / len(losses)

    def train_mode(self) -> None:
        """Dropout and batch statistics on, except in what is frozen."""
        self.network.train()
        for part in self.network.modules():
            parameters = list(part.parameters())
            if parameters and not any(parameter.requires_grad for parameter in parameters):
                part.eval()

    def clip(self) -> None:
        """Shortens a gradient that is too long."""
        most = self.options["gradientClip"]
        if most > 0:
            nn.utils.clip_grad_norm_(self.network.parameters(), most)

    def batches(self, order: np.ndarray) -> list[np.ndarray]:
        """The rows of each step; a last batch that is too small for all workers is left out."""
        size = max(self.options["batchSize"], FEWEST_A_WORKER * self.workers.count)
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        if len(batches) > 1 and len(batches[-1]) < FEWEST_A_WORKER * self.workers.count:
            batches.pop()
        return batches

    def schedule(self, steps: int) -> Schedule:
        """The course of the learning rate."""
        total = steps * self.options["epochs"]
        return Schedule(self.options["schedule"], total, round(self.options["warmup"] * total))

    def finish_epoch(self, course: Course, loss: float, validation: Part) -> None:
        """Measures, keeps the weights if they are the best so far, and says how it goes."""
        measured = self.workers.share(
            self.objective.measure(self.network, validation) if self.workers.is_first else None
        )
        if measured["loss"] < course.best_loss or not course.best:
            course.best_loss, course.best_epoch = measured["loss"], course.epoch
            course.best = copy.deepcopy(self.network.state_dict())
        patience = self.options["earlyStoppingPatience"]
        course.is_over = bool(patience) and course.epoch - course.best_epoch >= patience
        if self.workers.is_first:
            figures = {f"val_{name}": value for name, value in measured.items()}
            progress.report(course.epoch, self.options["epochs"], loss=loss, **figures)
