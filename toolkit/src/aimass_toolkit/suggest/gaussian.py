"""Gaussian process, through Optuna, which itself needs PyTorch; it is loaded with the first question."""

from __future__ import annotations

import warnings
from dataclasses import replace
from statistics import median

import optuna

from .ledger import PastTrial
from .points import Point
from .space import Search
from .study import STARTUP_TRIALS, ask_study, build_study, next_of_study

#: The process looks at so many trials at most: the best quarter and the newest. Its time grows with the cube of this.
MOST_OBSERVATIONS = 200


def next_of_process(search: Search, trials: list[PastTrial], seed: int) -> Point:
    """The point with the greatest expected improvement. The first trials are random, as those of TPE."""
    finished = [trial for trial in trials if trial.result is not None]
    if len(finished) < STARTUP_TRIALS:
        return next_of_study(search, trials, seed)
    known = telling(finished, search.maximize)
    # Optuna 4 does not see running trials: they count as average ones, so that there is nothing to learn beside them.
    usual = median(trial.result or 0.0 for trial in known)
    running = [replace(trial, state="Succeeded", value=usual) for trial in trials if trial.state == "Running"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.GPSampler(seed=seed, n_startup_trials=STARTUP_TRIALS)
    return ask_study(search, build_study(search, [*known, *running], sampler))


def telling(trials: list[PastTrial], maximize: bool) -> list[PastTrial]:
    """The trials that tell most, by number."""
    if len(trials) <= MOST_OBSERVATIONS:
        return trials
    best = sorted(trials, key=lambda trial: trial.result or 0.0, reverse=maximize)[: MOST_OBSERVATIONS // 4]
    kept = {trial.number for trial in best}
    newest = [trial for trial in trials if trial.number not in kept][len(best) - MOST_OBSERVATIONS :]
    return sorted([*best, *newest], key=lambda trial: trial.number)
