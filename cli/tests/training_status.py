"""A TrainingJob in the middle of a search, with everything that a status can hold."""

from __future__ import annotations

from typing import Any

DIGEST = f"sha256:{'a' * 64}"
SPEC = {
    "recipe": {"name": "tabular-classification"},
    "data": [{"name": "train", "uri": "https://example.com/a.csv"}],
    "search": {
        "objective": {"metric": "loss", "goal": "minimize"},
        "parameters": [{"name": "lr", "type": "float", "min": 0.001, "max": 1}],
        "maxTrials": 150,
    },
    "publish": {"model": {"name": "churn"}},
}
RUN = {"number": 2, "trigger": "Schedule", "specHash": "x", "startedAt": "2026-11-25T01:00:00Z", "restarts": 1}
BEST = {"number": 101, "state": "Succeeded", "parameters": {"lr": 0.01, "model": "gbm"}, "value": 0.125}
STATUS = {
    "observedGeneration": 1,
    "phase": "Training",
    "waitingFor": "No node has room for one more worker.",
    "run": RUN,
    "stages": [
        {
            "name": "prepare",
            "state": "Succeeded",
            "attempt": 1,
            "startedAt": "2026-11-25T01:00:00Z",
            "finishedAt": "2026-11-25T01:00:09Z",
            "result": {"rows": {"train": 100, "test": 20}},
        },
        {"name": "train", "state": "Running", "attempt": 2, "startedAt": "2026-11-25T01:00:09Z"},
        {
            "name": "evaluate",
            "state": "Waiting",
            "result": {"thresholds": [{"metric": "f1", "min": 0.9, "value": 0.5, "passed": False}]},
        },
    ],
    "progress": {"percent": 40, "step": 4, "total": 10, "etaSeconds": 60, "observedAt": "2026-11-25T01:01:00Z"},
    "metrics": {
        "latest": {"lr": 0.1, "loss": 0.25},
        "best": {"loss": 0.2},
        "curve": [{"step": step, "values": {"loss": 1 / (step + 1)}} for step in range(10)],
        "note": "The loss of step 3 is no number.",
    },
    "workers": {
        "wanted": 2,
        "running": 1,
        "stalled": ["churn-r2-train-2-1"],
        "stragglers": [],
        "pods": [
            {
                "name": "churn-r2-train-2-0",
                "state": "Running",
                "lastOutputAt": "2026-11-25T01:01:00Z",
                "lastLine": "loss=0.25",
            }
        ],
    },
    "trials": {
        "total": 102,
        "running": 1,
        "succeeded": 99,
        "failed": 1,
        "pruned": 1,
        "best": BEST,
        "recent": [BEST],
        "ledger": ["churn-r2-trials-0", "churn-r2-trials-1"],
    },
    "evaluation": {"metrics": {"f1": 0.5}, "rows": 20, "source": "test"},
    "compression": {
        "chosen": "int8",
        "candidates": [
            {"kind": "float32", "sizeBytes": 4096, "p50LatencyMs": 0.5, "metric": "f1", "value": 0.9, "accepted": True},
            {
                "kind": "int8",
                "sizeBytes": 1024,
                "p50LatencyMs": 0.2,
                "metric": "f1",
                "value": 0.9,
                "drop": 0,
                "accepted": True,
            },
            {"kind": "fp16", "sizeBytes": 2048, "drop": 0.2, "accepted": False, "reason": "drops by 0.2"},
        ],
    },
    "artifact": {"uri": f"oci://registry/churn@{DIGEST}", "digest": DIGEST, "sizeBytes": 2048, "run": 1},
    "resources": {"cpuSeconds": 125, "peakMemoryBytes": 104857600},
    "runs": [
        {
            "number": 1,
            "startedAt": "2026-11-24T01:00:00Z",
            "finishedAt": "2026-11-24T01:01:00Z",
            "outcome": "Succeeded",
            "metrics": {"f1": 0.75},
            "digest": DIGEST,
        }
    ],
    "nextRunAt": "2026-11-26T01:00:00Z",
    "conditions": [
        {
            "type": "Ready",
            "status": "False",
            "reason": "Running",
            "message": "Stage train runs.",
            "lastTransitionTime": "2026-11-25T01:00:00Z",
        }
    ],
}


def _trial(number: int, value: float | None, **more: Any) -> dict[str, Any]:
    made = {"number": number, "state": "Succeeded", "parameters": {"lr": number / 1000}, "attempt": 1}
    times = {"startedAt": "2026-11-25T01:00:00Z", "finishedAt": "2026-11-25T01:00:05Z"}
    return {**made, **times, **({} if value is None else {"value": value}), **more}


TRIALS = [
    *(_trial(number, 0.5 + number / 1000) for number in range(100)),
    _trial(100, None, state="Failed", message="Exit code 1."),
    _trial(101, 0.125, parameters={"lr": 0.01, "model": "gbm"}),
]
