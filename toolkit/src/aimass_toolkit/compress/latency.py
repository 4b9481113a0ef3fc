"""The time of one row on one thread, of two models in turn."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from aimass_toolkit.stage.session import Session

WARM_UP = 10
ROUNDS = 300
SECONDS = 3.0


def p50_side_by_side(first: Session, second: Session, row: Mapping[str, npt.NDArray[Any]]) -> tuple[float, float]:
    """The medians in milliseconds. They take turns, so that whatever else the machine does slows both."""
    given = [{name: np.asarray(row[name]).astype(one.types[name]) for name in one.inputs} for one in (first, second)]
    pairs = list(zip((first, second), given, strict=True))
    for session, inputs in pairs * WARM_UP:
        session.session.run(None, inputs)
    times: tuple[list[float], list[float]] = ([], [])
    end = time.perf_counter() + SECONDS
    while len(times[0]) < ROUNDS and (not times[0] or time.perf_counter() < end):
        for (session, inputs), kept in zip(pairs, times, strict=True):
            start = time.perf_counter()
            session.session.run(None, inputs)
            kept.append(time.perf_counter() - start)
    return 1000 * float(np.median(times[0])), 1000 * float(np.median(times[1]))
