"""``aimass trials``: a row for each trial, with a column for each parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ..render import Row
from .times import length, took


def trial_rows(trials: Sequence[Mapping[str, Any]], objective: str, now: datetime, *, is_for_people: bool) -> list[Row]:
    """Rows in the order given. A parameter with the name of another column gets a prefix."""
    parameters = list(dict.fromkeys(name for trial in trials for name in trial["parameters"]))
    own = ("TRIAL", "STATE", objective)
    columns = {name: f"parameter {name}" if name in own else name for name in parameters}
    return [
        {
            "TRIAL": trial["number"],
            "STATE": trial["state"],
            objective: trial.get("value"),
            **{column: trial["parameters"].get(name) for name, column in columns.items()},
            **({"TIME": took(trial, now)} if is_for_people else {"SECONDS": length(trial, now)}),
            "ATTEMPT": trial.get("attempt"),
            "REASON": trial.get("message") or trial.get("reason"),
        }
        for trial in trials
    ]
