"""Search spaces and ledgers that the tests share."""

from __future__ import annotations

import math
from typing import Any

RATE = {"name": "learningRate", "type": "float", "min": 1e-5, "max": 0.1, "log": True}
LAYERS = {"name": "layers", "type": "int", "min": 1, "max": 8}
OPTIMIZER = {"name": "optimizer", "type": "categorical", "values": ["sgd", "adam"]}
MOMENTUM = {
    "name": "momentum",
    "type": "float",
    "min": 0,
    "max": 0.99,
    "when": {"parameter": "optimizer", "in": ["sgd"]},
}
DROPOUT = {"name": "dropout", "type": "float", "min": 0, "max": 0.5, "step": 0.1}


def space(algorithm: str, *parameters: dict[str, Any], goal: str = "maximize", **more: Any) -> dict[str, Any]:
    """A `spec.search`."""
    objective = {"metric": "accuracy", "goal": goal}
    return {"algorithm": algorithm, "objective": objective, "parameters": list(parameters), "maxTrials": 200, **more}


def done(number: int, parameters: dict[str, Any], value: float | None = None, **more: Any) -> dict[str, Any]:
    """A trial that succeeded, unless more says otherwise."""
    return {"number": number, "parameters": parameters, "state": "Succeeded", "value": value, **more}


def quality(point: dict[str, Any]) -> float:
    """A smooth objective with its greatest value, 1, at learningRate 0.001, five layers, adam and no dropout."""
    away = (math.log10(point["learningRate"]) + 3) ** 2 + (point["layers"] - 5) ** 2 / 10 + point.get("dropout", 0)
    return (point.get("optimizer", "adam") == "adam") - away - point.get("momentum", 0) / 100
