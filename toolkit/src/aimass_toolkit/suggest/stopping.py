"""Which running trials to stop, by their curves: Optuna's median pruner, and successive halving (ASHA).

The answer only depends on the curves, not on when it was asked for: a trial is judged at the newest step (median) or
the newest rung (successive halving) that it has reached, against all trials that have got as far. Optuna's own pruner
for successive halving has to be asked at every step and remembers what it said, so it is no use here.
"""

from __future__ import annotations

import math
from bisect import bisect_right

import optuna
from optuna.pruners import MedianPruner
from optuna.trial import FrozenTrial, TrialState, create_trial

from .ledger import PastTrial
from .space import Search, Stopping
from .study import state_of

Curve = dict[int, float]


def trials_to_stop(search: Search, trials: list[PastTrial]) -> list[int]:
    """Numbers of the running trials to stop."""
    running = [trial for trial in trials if trial.state == "Running" and trial.curve]
    if search.stopping is None or not running:
        return []
    if search.stopping.algorithm == "median":
        return _worse_than_median(search.stopping, search.maximize, trials)
    return _halved(search.stopping, search.maximize, trials)


def _worse_than_median(stopping: Stopping, maximize: bool, trials: list[PastTrial]) -> list[int]:
    pruner = MedianPruner(n_startup_trials=stopping.startup_trials, n_warmup_steps=stopping.min_steps)
    steps = sorted({max(trial.curve) for trial in trials if trial.state == "Running" and trial.curve})
    study = optuna.create_study(direction="maximize" if maximize else "minimize")
    study.add_trials([_plain(trial, steps) for trial in trials])
    inside = zip(trials, study.get_trials(deepcopy=False), strict=True)
    return [trial.number for trial, one in inside if trial.state == "Running" and pruner.prune(study, one)]


def _plain(trial: PastTrial, steps: list[int]) -> FrozenTrial:
    """A trial without parameters, since pruners only look at curves; one that is over has a value at all the steps."""
    state = state_of(trial)
    value = trial.value if state == TrialState.COMPLETE else None
    curve = trial.curve if state == TrialState.RUNNING else filled(trial.curve, steps)
    return create_trial(state=state, value=value, intermediate_values=curve)


def filled(curve: Curve, steps: list[int]) -> Curve:
    """The curve with a value at each of the steps that it has passed: curves are thinned out on their way here."""
    known = sorted(curve)
    result = dict(curve)
    for step in steps:
        before = bisect_right(known, step)
        if before and step <= known[-1]:
            result[step] = curve[known[before - 1]]
    return result


def _halved(stopping: Stopping, maximize: bool, trials: list[PastTrial]) -> list[int]:
    reached = {trial.number: rungs_of(trial.curve, stopping) for trial in trials}
    stop = []
    for trial in trials:
        rungs = reached[trial.number]
        if trial.state != "Running" or not rungs:
            continue
        newest = len(rungs) - 1
        rivals = [others[newest] for others in reached.values() if len(others) > newest]
        if not goes_on(rungs[newest], rivals, stopping.reduction_factor, maximize):
            stop.append(trial.number)
    return stop


def goes_on(value: float, rivals: list[float], factor: int, maximize: bool) -> bool:
    """Whether a value is in the best share of those at its rung, its own among them.

    The best third of fewer than three is nothing: until there are as many, all go on.
    """
    if math.isnan(value):
        return False
    if len(rivals) < factor:
        return True
    sign = -1 if maximize else 1
    ordered = sorted(sign * rival for rival in rivals if not math.isnan(rival))
    places = max(len(rivals) // factor, 1)
    return sign * value <= ordered[min(places, len(ordered)) - 1]


def rungs_of(curve: Curve, stopping: Stopping) -> list[float]:
    """The values at the rungs that a curve has reached: each at the first point at or behind the rung."""
    values: list[float] = []
    steps = sorted(curve)
    rung = stopping.min_steps
    while steps and steps[-1] >= rung:
        values.append(curve[next(step for step in steps if step >= rung)])
        rung *= stopping.reduction_factor
    return values
