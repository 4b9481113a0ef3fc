"""Random and TPE, through Optuna: the study is built anew, in memory, from the trials of the request."""

from __future__ import annotations

import logging
import warnings

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from .fields import Scalar
from .ledger import PastTrial
from .points import Point, is_active
from .space import Parameter, Search

optuna.logging.set_verbosity(logging.ERROR)

#: So many trials are drawn at random before the others are learnt from.
STARTUP_TRIALS = 10


def distribution(parameter: Parameter) -> BaseDistribution:
    """The parameter as Optuna knows it. Categories are their index: Optuna takes 1 and true for the same value."""
    if parameter.type == "categorical":
        return CategoricalDistribution(range(len(parameter.values)))
    if parameter.type == "int":
        step = 1 if parameter.log else int(parameter.step or 1)
        return IntDistribution(int(parameter.low), int(parameter.high), log=parameter.log, step=step)
    return FloatDistribution(parameter.low, parameter.high, log=parameter.log, step=parameter.step)


def state_of(trial: PastTrial) -> TrialState:
    """Optuna's state; a trial that succeeded without a value has nothing to learn from, as one that failed."""
    if trial.state == "Succeeded":
        return TrialState.FAIL if trial.value is None else TrialState.COMPLETE
    return {"Running": TrialState.RUNNING, "Failed": TrialState.FAIL, "Pruned": TrialState.PRUNED}[trial.state]


def frozen(search: Search, trial: PastTrial) -> FrozenTrial:
    """The trial as Optuna knows it."""
    active = [parameter for parameter in search.parameters if parameter.name in trial.point]
    state = state_of(trial)
    return create_trial(
        state=state,
        value=trial.value if state == TrialState.COMPLETE else None,
        params={one.name: _inner(one, trial.point) for one in active},
        distributions={one.name: distribution(one) for one in active},
        intermediate_values=trial.curve,
    )


def _inner(parameter: Parameter, point: Point) -> object:
    value = point[parameter.name]
    return parameter.index(value) if parameter.type == "categorical" else value


def build_study(search: Search, trials: list[PastTrial], sampler: BaseSampler) -> optuna.Study:
    """A study in memory that holds these trials."""
    study = optuna.create_study(direction="maximize" if search.maximize else "minimize", sampler=sampler)
    study.add_trials([frozen(search, trial) for trial in trials])
    return study


def build_sampler(search: Search, seed: int) -> BaseSampler:
    """A fresh sampler: it remembers nothing of earlier requests.

    TPE counts running trials as bad ones, so that trials side by side do not try the same.
    """
    if search.algorithm != "tpe":
        return RandomSampler(seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return TPESampler(
            n_startup_trials=STARTUP_TRIALS, multivariate=True, group=search.conditional, constant_liar=True, seed=seed
        )


def next_of_study(search: Search, trials: list[PastTrial], seed: int) -> Point:
    """The point that Optuna tries next."""
    return ask_study(search, build_study(search, trials, build_sampler(search, seed)))


def ask_study(search: Search, study: optuna.Study) -> Point:
    """The point that the sampler of a study tries next, parameter by parameter."""
    trial = study.ask()
    point: Point = {}
    for parameter in search.parameters:
        if is_active(parameter, point):
            point[parameter.name] = _suggested(parameter, trial)
    return point


def _suggested(parameter: Parameter, trial: optuna.Trial) -> Scalar:
    name, step = parameter.name, parameter.step
    if parameter.type == "categorical":
        return parameter.values[trial.suggest_categorical(name, range(len(parameter.values)))]
    if parameter.type == "int":
        low, high = int(parameter.low), int(parameter.high)
        return trial.suggest_int(name, low, high, step=1 if parameter.log else int(step or 1), log=parameter.log)
    value = trial.suggest_float(name, parameter.low, parameter.high, step=step, log=parameter.log)
    return value if step is None else float(f"{value:.12g}")
