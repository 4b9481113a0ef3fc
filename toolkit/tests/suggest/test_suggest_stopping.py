from __future__ import annotations

from typing import Any

import numpy as np
import optuna
import pytest
from searches import LAYERS, done, space

from aimass_toolkit.suggest.answer import answer
from aimass_toolkit.suggest.stopping import goes_on

MEDIAN = {"algorithm": "median", "startupTrials": 3, "minSteps": 2}
HALVING = {"algorithm": "asha", "minSteps": 1, "reductionFactor": 3}


def trial(number: int, *values: float | None, state: str = "Running", every: int = 1) -> dict[str, Any]:
    """A trial with these values at steps 1, 2, … (or every so many)."""
    curve = [[every * (index + 1), value] for index, value in enumerate(values)]
    last = values[-1] if state == "Succeeded" and values else None
    return done(number, {"layers": number % 8 + 1}, last, state=state, curve=curve)


def stopped(rule: dict[str, Any], *trials: dict[str, Any], goal: str = "maximize") -> list[int]:
    search = space("random", LAYERS, goal=goal, earlyStopping=rule)
    return answer({"search": search, "trials": list(trials), "count": 0})["prune"]


GOOD = [trial(number, 0.5, 0.6 + number / 100, 0.7, 0.8, state="Succeeded") for number in range(3)]


@pytest.mark.parametrize(
    ("running", "goal", "want"),
    [
        pytest.param([trial(7, 0.1, 0.2, 0.3)], "maximize", [7], id="worse than the median"),
        pytest.param([trial(7, 0.1, 0.2, 0.7)], "maximize", [], id="has caught up"),
        pytest.param([trial(7, 0.1, 0.2, 0.9)], "minimize", [], id="the best value counts, not the last"),
        pytest.param([trial(7, 0.9, 0.9, 0.9)], "minimize", [7], id="worse when less is better"),
        pytest.param([trial(7, 0.1)], "maximize", [], id="too early"),
        pytest.param([trial(7)], "maximize", [], id="nothing printed yet"),
        pytest.param([trial(7, 0.5, None, None)], "maximize", [7], id="diverged behind the start"),
        pytest.param([trial(7, 0.1, 0.2, 0.3), trial(8, 0.9, 0.9, 0.9)], "maximize", [7], id="only the bad one"),
    ],
)
def test_median(running: list[dict[str, Any]], goal: str, want: list[int]) -> None:
    assert stopped(MEDIAN, *GOOD, *running, goal=goal) == want


def test_median_waits_for_the_startup_trials() -> None:
    assert stopped(MEDIAN, *GOOD[:2], trial(7, 0.1, 0.1, 0.1)) == []


def test_median_compares_with_curves_that_were_thinned_out() -> None:
    sparse = [trial(number, 0.5, 0.8, state="Succeeded", every=10) for number in range(3)]
    assert stopped(MEDIAN, *sparse, trial(7, *[0.2] * 13)) == [7]
    assert stopped(MEDIAN, *sparse, trial(7, *[0.6] * 13)) == []


@pytest.mark.parametrize(
    ("trials", "want"),
    [
        pytest.param([trial(0, 0.1), trial(1, 0.2)], [], id="fewer than a third has: the first go on"),
        pytest.param([trial(0, 0.1), trial(1, 0.2), trial(2, 0.3)], [0, 1], id="the best of three goes on"),
        pytest.param([trial(0, 0.3, 0.1, 0.1), trial(1, 0.2), trial(2, 0.1)], [1, 2], id="judged at the newest rung"),
        pytest.param(
            [trial(0, 0.3, 0.3, 0.1), trial(1, 0.2, 0.2, 0.2), trial(2, 0.1, 0.1, 0.3)], [0, 1], id="at the second rung"
        ),
        pytest.param(
            [trial(0, 0.9, state="Pruned"), trial(1, 0.8, state="Succeeded"), trial(2, 0.3)],
            [2],
            id="ended ones are rivals",
        ),
        pytest.param([trial(0, None)], [0], id="no number"),
    ],
)
def test_halving(trials: list[dict[str, Any]], want: list[int]) -> None:
    assert stopped(HALVING, *trials) == want


def test_halving_the_other_way_round() -> None:
    assert stopped(HALVING, trial(0, 0.1), trial(1, 0.2), trial(2, 0.3), goal="minimize") == [1, 2]


def test_halving_does_not_depend_on_when_it_is_asked() -> None:
    """Between two questions a trial went from rung 1 to step 5: its value at rung 3 counts, not its last."""
    rivals = [trial(0, 0.5, 0.5, 0.5), trial(1, 0.5, 0.5, 0.4)]
    assert stopped(HALVING, *rivals, trial(2, 0.5, 0.5, 0.3, 0.9, 0.9)) == [1, 2]


@pytest.mark.parametrize("maximize", [True, False])
def test_halving_agrees_with_optuna_at_a_rung(maximize: bool) -> None:
    """Optuna judges a trial once, when it comes to the rung: so the last to come is judged alike by both."""
    values = [float(value) for value in np.random.default_rng(3).random(30)]
    study = optuna.create_study(direction="maximize" if maximize else "minimize")
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
    for count, value in enumerate(values, start=1):
        asked = study.ask()
        asked.report(value, 1)
        stops = pruner.prune(study, study.get_trials(deepcopy=False)[-1])
        if count >= 3:
            assert goes_on(value, values[:count], 3, maximize) == (not stops)


def test_nothing_is_stopped_unless_asked_for() -> None:
    search = space("random", LAYERS)
    assert answer({"search": search, "trials": [*GOOD, trial(7, 0.1, 0.1, 0.1)], "count": 0})["prune"] == []
