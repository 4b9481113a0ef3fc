"""CMA-ES, with the package cmaes: the generations are told again from the trials, then one point is asked for."""

from __future__ import annotations

import numpy as np
from cmaes import CMA

from .cube import Cube, Vector
from .ledger import PastTrial
from .points import Point
from .seeds import seed_for
from .space import Search

#: Spread of the first generation, as a share of each range.
FIRST_SPREAD = 0.25


def next_of_evolution(search: Search, trials: list[PastTrial], seed: int) -> Point:
    """A point of the generation that the trials have led to."""
    cube = Cube(search)
    optimizer = _first(cube.size, search.seed)
    told: list[tuple[Vector, float]] = []
    for trial in trials:
        if trial.result is None:
            continue
        told.append((cube.vector(trial.point), -trial.result if search.maximize else trial.result))
        if len(told) == optimizer.population_size:
            optimizer.tell(told)
            told = []
            optimizer = _restarted(optimizer, search.seed) if optimizer.should_stop() else optimizer
    optimizer.reseed_rng(seed)
    return cube.point(optimizer.ask())


def _first(size: int, seed: int) -> CMA:
    return CMA(mean=np.full(size, 0.5), sigma=FIRST_SPREAD, bounds=np.tile([0.0, 1.0], (size, 1)), seed=seed)


def _restarted(optimizer: CMA, seed: int) -> CMA:
    """A search that has converged begins anew elsewhere, with twice the population."""
    population = 2 * optimizer.population_size
    mean = np.random.default_rng(seed_for(seed, population, "restart")).random(optimizer.dim)
    bounds = np.tile([0.0, 1.0], (optimizer.dim, 1))
    return CMA(mean=mean, sigma=FIRST_SPREAD, bounds=bounds, seed=seed, population_size=population)
