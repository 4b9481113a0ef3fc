from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from rich.console import Console

from aimass_cli.training.changes import changes
from aimass_cli.training.plot import plot
from aimass_cli.training.progress_view import draw
from aimass_cli.training.times import seconds
from aimass_cli.training.words import main_metric, trial_counts

NOW = datetime(2026, 11, 25, 1, 0, 40, tzinfo=timezone.utc)


def _at(second: int) -> str:
    return (NOW.replace(second=0) + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")


def _stage(name: str, state: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "state": state, **more}


def _job(*stages: dict[str, Any], spec: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    run = {"number": 1, "trigger": "Created", "startedAt": _at(0)}
    return {
        "metadata": {"name": "net", "namespace": "shop", "generation": 1},
        "spec": spec or {},
        "status": {"run": run, "stages": list(stages), "phase": "Training", **status},
    }


PREPARED = _stage(
    "prepare", "Succeeded", attempt=1, startedAt=_at(0), finishedAt=_at(5), result={"rows": {"train": 103}}
)
TRAINS = _stage("train", "Running", attempt=1, startedAt=_at(5))
PROGRESS = {"percent": 40, "step": 4, "total": 10, "etaSeconds": 30, "observedAt": _at(30)}
LATEST = {"latest": {"lr": 0.1, "loss": 0.25}}


def _lines(before: dict[str, Any] | None, after: dict[str, Any]) -> list[str]:
    return list(changes(before, after, NOW))


def test_a_line_for_each_change() -> None:
    first = _job(_stage("prepare", "Running", attempt=1, startedAt=_at(0)), _stage("train", "Waiting"))
    then = _job(PREPARED, TRAINS, progress=PROGRESS, metrics=LATEST)
    assert _lines(None, first) == ["run 1 has begun (Created)", "prepare: runs"]
    assert _lines(first, then) == [
        "prepare: done in 5 s, rows: 103 train",
        "train: runs",
        "train: 40 %, step 4/10, 20 s left, loss=0.25 lr=0.1",
    ]
    assert _lines(then, then) == []


def test_restarts_and_failures_are_told_with_their_reasons() -> None:
    runs = _job(TRAINS)
    lost = _job(_stage("train", "Waiting", attempt=1, reason="NodeLost", message="Node a is gone."))
    again = _job(_stage("train", "Running", attempt=2, startedAt=_at(9)))
    failed = _job(_stage("train", "Failed", attempt=2, reason="ProgramFailed", message="Exit code 1."))
    assert _lines(runs, lost) == ["train: NodeLost: Node a is gone."]
    assert _lines(lost, again) == ["train: runs (attempt 2)"]
    assert _lines(again, failed) == ["train: failed (ProgramFailed): Exit code 1."]


def test_waiting_suspension_and_notes_are_told_once() -> None:
    runs = _job(TRAINS)
    waits = _job(TRAINS, waitingFor="No node has room.", phase="Suspended", metrics={"note": "loss is no number"})
    assert _lines(runs, waits) == ["waiting: No node has room.", "the job is Suspended", "note: loss is no number"]
    assert _lines(waits, waits) == []


SEARCH = {"search": {"objective": {"metric": "loss", "goal": "minimize"}, "maxTrials": 6}}
TRIALS = {
    "total": 3,
    "running": 1,
    "succeeded": 2,
    "failed": 0,
    "pruned": 0,
    "best": {"number": 1, "parameters": {"lr": 0.01}, "value": 0.125},
}


def test_trials_are_told_with_the_best() -> None:
    job = _job(TRAINS, spec=SEARCH, trials=TRIALS)
    assert trial_counts(job) == "3 of 6 (1 running, 2 succeeded)"
    assert _lines(_job(TRAINS, spec=SEARCH), job) == [
        "trials: 3 of 6 (1 running, 2 succeeded); best 1: loss=0.125 (lr=0.01)"
    ]


def _drawn(job: dict[str, Any]) -> str:
    out = Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    out.print(draw(job, NOW))
    return out.export_text()


def test_the_picture_has_marks_a_bar_and_what_is_waited_for() -> None:
    job = _job(
        PREPARED,
        TRAINS,
        _stage("evaluate", "Waiting"),
        progress=PROGRESS,
        metrics=LATEST,
        waitingFor="No node has room.",
        workers={"wanted": 2, "running": 1, "stalled": ["net-1"]},
        run={"number": 2, "startedAt": _at(0), "restarts": 1},
    )
    text = _drawn(job)
    assert "net · run 2 · Training · 40 s" in text
    for line in (
        "✓  prepare   5 s   rows: 103 train",
        "▸  train     35 s",
        "·  evaluate",
        "40 %  4/10  ETA 20 s",
        "loss=0.25 lr=0.1",
        "1 of 2 run; stalled: net-1",
        "waiting   No node has room.",
    ):
        assert line in text


def test_a_failed_stage_says_why() -> None:
    text = _drawn(_job(_stage("train", "Failed", reason="OutOfMemory", message="Ask for more than 4Gi.")))
    assert "✗  train" in text
    assert "OutOfMemory" in text
    assert "Ask for more than 4Gi." in text


def test_a_job_that_nobody_has_seen_yet_is_drawn() -> None:
    job = {"metadata": {"name": "net", "namespace": "shop", "generation": 1}, "spec": {}}
    assert _drawn(job).strip() == "net"
    assert _lines(None, job) == []


@pytest.mark.parametrize(
    ("values", "want"),
    [
        ([0, 1], "⣀⠉"),
        ([3, 3, 3], "⠒⠒"),
        ([], "  "),
        ([None, float("nan"), 1.0, 0.0], " ⢁"),
    ],
)
def test_curves_are_drawn_in_dots(values: list[Any], want: str) -> None:
    assert plot(values, 2) == [want]


def test_a_larger_curve_falls_from_left_to_right() -> None:
    top, bottom = plot([2, 1, 0], 3, 2)
    assert top.strip()
    assert bottom.strip()
    assert len(top) - len(top.lstrip()) < len(bottom) - len(bottom.lstrip())


def test_times_for_people() -> None:
    assert [seconds(count) for count in (-3, 14.4, 125, 3780)] == ["0 s", "14 s", "2 min 5 s", "1 h 3 min"]


def test_the_main_metric_is_the_one_that_the_spec_names() -> None:
    names = ["lr", "loss", "val_auc"]
    assert main_metric(_job(spec={}), names) == "loss"
    assert main_metric(_job(spec={"evaluation": {"metric": "val_auc"}}), names) == "val_auc"
    assert main_metric(_job(spec=SEARCH), names) == "loss"
    assert main_metric(_job(), ["lr"]) == "lr"
    assert main_metric(_job(), []) is None
