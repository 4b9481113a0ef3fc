"""Gaussian process with expected improvement, on scikit-learn. (Optuna's own needs PyTorch 2, ten times the size.)"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_ndtr
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from .cube import Cube, Vector
from .ledger import PastTrial
from .points import Point
from .space import Search
from .study import STARTUP_TRIALS, next_of_study

Matrix = npt.NDArray[np.float64]

#: The process looks at so many trials at most: the best quarter and the newest. Its time grows with the cube of this.
MOST_OBSERVATIONS = 200
#: Up to so many coordinates have a length scale each; more share one.
MOST_SCALES = 24
CANDIDATES = 2048
NEAR_CANDIDATES = 512
SPREADS = (0.2, 0.05, 0.01)


def next_of_process(search: Search, trials: list[PastTrial], seed: int) -> Point:
    """The point with the greatest expected improvement. The first trials are random, as those of TPE."""
    finished = [trial for trial in trials if trial.result is not None]
    cube = Cube(search)
    if len(finished) < STARTUP_TRIALS or cube.size == 0:
        return next_of_study(search, [], seed)
    finished = _telling(finished, search.maximize)
    points = np.array([cube.vector(trial.point) for trial in finished])
    scores = np.array([trial.result or 0.0 for trial in finished]) * (1.0 if search.maximize else -1.0)
    scores = (scores - scores.mean()) / max(float(scores.std()), 1e-12)
    process = _fitted(points, scores, seed)
    running = [cube.vector(trial.point) for trial in trials if trial.state == "Running"]
    if running:
        process, points, scores = _with_running(process, (points, scores), np.array(running))
    rng = np.random.default_rng(seed)
    return cube.point(_best_candidate(process, cube, (points, float(scores.max())), rng))


def _telling(trials: list[PastTrial], maximize: bool) -> list[PastTrial]:
    if len(trials) <= MOST_OBSERVATIONS:
        return trials
    best = sorted(trials, key=lambda trial: trial.result or 0, reverse=maximize)[: MOST_OBSERVATIONS // 4]
    kept = {trial.number for trial in best}
    newest = [trial for trial in trials if trial.number not in kept][-(MOST_OBSERVATIONS - len(best)) :]
    return sorted([*best, *newest], key=lambda trial: trial.number)


def _fitted(points: Matrix, scores: Vector, seed: int) -> GaussianProcessRegressor:
    size = points.shape[1]
    scales = Matern(np.full(size, 0.5) if size <= MOST_SCALES else 0.5, (0.05, 10.0), nu=2.5)
    kernel = ConstantKernel(1.0, (0.1, 10.0)) * scales + WhiteKernel(1e-2, (1e-6, 1.0))
    return _fit(GaussianProcessRegressor(kernel, alpha=1e-8, optimizer=_few_steps, random_state=seed), points, scores)


def _few_steps(objective: Any, initial: Vector, bounds: Any) -> tuple[Vector, float]:
    """The optimizer of the kernel: bounded in time, since a good kernel is as good as the best one here."""
    found = minimize(objective, initial, method="L-BFGS-B", jac=True, bounds=bounds, options={"maxiter": 30})
    return found.x, found.fun


def _fit(process: GaussianProcessRegressor, points: Matrix, scores: Vector) -> GaussianProcessRegressor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return process.fit(points, scores)


def _with_running(
    process: GaussianProcessRegressor, known: tuple[Matrix, Vector], running: Matrix
) -> tuple[GaussianProcessRegressor, Matrix, Vector]:
    """Running trials count as having what the process expects of them: there is then nothing to learn beside them."""
    points = np.vstack([known[0], running])
    scores = np.concatenate([known[1], process.predict(running)])
    return _fit(GaussianProcessRegressor(process.kernel_, alpha=1e-8, optimizer=None), points, scores), points, scores


def _best_candidate(
    process: GaussianProcessRegressor, cube: Cube, known: tuple[Matrix, float], rng: np.random.Generator
) -> Vector:
    """The best of many random candidates, then of others ever nearer to the best so far."""
    points, best = known
    candidates = np.vstack([rng.random((CANDIDATES, cube.size)), points])
    chosen = candidates[:0]
    for spread in (*SPREADS, None):
        candidates = np.array([cube.vector(cube.point(one)) for one in candidates])
        candidates = np.vstack([chosen, candidates])
        order = np.argsort(-log_improvement(process, candidates, best), kind="stable")
        chosen = candidates[order[:4]]
        if spread is not None:
            near = np.repeat(chosen, NEAR_CANDIDATES // 4, axis=0)
            candidates = np.clip(near + rng.normal(0, spread, near.shape), 0, 1)
    best_one: Vector = chosen[0]
    return best_one


def log_improvement(process: GaussianProcessRegressor, candidates: Matrix, best: float) -> Vector:
    """Logarithm of the expected improvement over ``best``; tells candidates apart where that is nearly nothing."""
    mean, deviation = process.predict(candidates, return_std=True)
    deviation = np.maximum(deviation, 1e-9)
    z = (mean - best) / deviation
    log_density = -0.5 * z**2 - 0.5 * np.log(2 * np.pi)
    # density + z · cumulative; below zero the second is subtracted, and far below both are almost equal: bound it.
    share = np.log1p(-np.minimum(-z[z < 0] * np.exp(log_ndtr(z[z < 0]) - log_density[z < 0]), 1 - 1e-12))
    result = np.empty_like(z)
    result[z >= 0] = np.log(np.exp(log_density[z >= 0]) + z[z >= 0] * np.exp(log_ndtr(z[z >= 0])))
    result[z < 0] = log_density[z < 0] + share
    improvement: Vector = result + np.log(deviation)
    return improvement
