"""Which model is trained how, and how `auto` chooses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from aimass_toolkit.stage.document import Objective
from aimass_toolkit.stage.progress import report

from .boosting import fit_gradient_boosting, fit_lightgbm
from .forest import fit_forest
from .linear import fit_linear
from .network import fit_network
from .options import Options
from .scores import CHOOSING, PREFIX, is_better, named, validation_scores
from .table import Table

Fit = Callable[[Table, Options, int], tuple[Any, int]]

FITS: dict[str, Fit] = {
    "logistic": fit_linear,
    "ridge": fit_linear,
    "randomForest": fit_forest,
    "gradientBoosting": fit_gradient_boosting,
    "lightgbm": fit_lightgbm,
    "mlp": fit_network,
}
CANDIDATES = {True: ("logistic", "randomForest", "lightgbm"), False: ("ridge", "randomForest", "lightgbm")}


@dataclass(frozen=True)
class Trained:
    """A trained model: which it is, its steps and its metrics, and how the candidates of `auto` scored."""

    name: str
    model: Any
    steps: int
    scores: dict[str, float]
    candidates: dict[str, float]


def train_model(table: Table, options: Options, seed: int, objective: Objective | None) -> Trained:
    """Trains the wanted model, or the candidate that the validation part likes best."""
    if options.model != "auto":
        return train_one(options.model, table, options, seed)
    metric, goal = choosing_metric(table, objective)
    best: Trained | None = None
    values: dict[str, float] = {}
    for name in CANDIDATES[table.is_classification]:
        trained = train_one(name, table, options, seed)
        values[name] = trained.scores[metric]
        if best is None or goal(values[name], best.scores[metric]):
            best = trained
    assert best is not None
    shown = ", ".join(f"{name} {value:.4g}" for name, value in values.items())
    print(f"chosen by {metric} on the validation part: {best.name} ({shown})", flush=True)
    return replace(best, candidates=values)


def choosing_metric(table: Table, objective: Objective | None) -> tuple[str, Callable[[float, float], bool]]:
    """The metric that candidates are compared by (the search's, if known), and whether one value is better."""
    metric = CHOOSING[table.is_classification]
    known = {"accuracy", "f1", "logLoss"} if table.is_classification else {"rmse", "mae"}
    asked = "" if objective is None else objective.metric.removeprefix(PREFIX)
    if asked in known:
        metric = asked
    return metric, lambda value, than: is_better(metric, value, than)


def train_one(name: str, table: Table, options: Options, seed: int) -> Trained:
    """Trains one model."""
    print(f"training {name} on {len(table.train)} rows with {table.train.shape[1]} features", flush=True)
    model, steps = FITS[name](table, options, seed)
    scores = validation_scores(model, table)
    if FITS[name] is fit_linear:
        report(1, 1, **named(scores))
    return Trained(name, model, steps, scores, {})
