"""Request to answer: which points to try next, which running trials to stop, and whether all points are through."""

from __future__ import annotations

from typing import Any

import numpy as np

from .evolution import next_of_evolution
from .fields import as_object, as_whole
from .gaussian import next_of_process
from .ledger import PastTrial, read_trials
from .points import Had, Point, as_declared, first_untried, is_finite, key, random_point
from .reading import read_search
from .seeds import seed_for
from .space import MOST_TRIALS, Search
from .stopping import trials_to_stop
from .study import next_of_study

MOST_SUGGESTIONS = 100
#: A method that keeps proposing what has been tried gets so many chances, then an untried point is drawn.
CHANCES = 4
DRAWS = 200

#: Grid is not among them: it takes the first untried point.
METHODS = {"random": next_of_study, "tpe": next_of_study, "gp": next_of_process, "cmaes": next_of_evolution}


def answer(document: Any) -> dict[str, Any]:
    """The answer to POST /v1/suggest. Equal requests get equal answers."""
    request = as_object(document, "request")
    search = read_search(request.get("search"))
    trials = read_trials(request.get("trials"), search)
    count = as_whole(request.get("count", 1), "count", 0, MOST_SUGGESTIONS)
    stop = trials_to_stop(search, trials)
    suggestions, exhausted = suggest(search, trials, count)
    return {
        "suggestions": [{"parameters": as_declared(search, point)} for point in suggestions],
        "prune": stop,
        "exhausted": exhausted,
    }


def suggest(search: Search, trials: list[PastTrial], count: int) -> tuple[list[Point], bool]:
    """Up to ``count`` points, and whether the space has no more.

    Each is found as if asked for alone, with those before it running: three at once are the same as one by one.
    """
    known = list(trials)
    had = {key(trial.point) for trial in trials}
    points: list[Point] = []
    while len(points) < count and len(known) < MOST_TRIALS:
        point = _next(search, known, had)
        if point is None:
            break
        points.append(point)
        number = known[-1].number + 1 if known else 0
        known.append(PastTrial(number, point, "Running", None, {}))
        had.add(key(point))
    return points, is_finite(search) and first_untried(search, had) is None


def _next(search: Search, trials: list[PastTrial], had: Had) -> Point | None:
    if not is_finite(search):
        return METHODS[search.algorithm](search, trials, seed_for(search.seed, len(trials), "chance 0"))
    first = first_untried(search, had)
    if search.algorithm == "grid" or first is None:
        return first
    for chance in range(CHANCES):
        point = METHODS[search.algorithm](search, trials, seed_for(search.seed, len(trials), f"chance {chance}"))
        if key(point) not in had:
            return point
    return _drawn(search, had, seed_for(search.seed, len(trials), "draws")) or first


def _drawn(search: Search, had: Had, seed: int) -> Point | None:
    """A point of a finite space that no trial has had, unless few are left."""
    rng = np.random.default_rng(seed)
    draws = (random_point(search, rng) for _ in range(DRAWS))
    return next((point for point in draws if key(point) not in had), None)
