"""Thresholds of decision trees, for the 32 bits that ONNX gives them.

Trees compare 32-bit features with thresholds of 64 bits. The converters round these to the nearest float, and where
that is the one above, a feature that lies there goes the other way. Rounded down, every feature goes as it did before.
"""

from __future__ import annotations

import copy
import re
from typing import Any

import numpy as np
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
from sklearn.tree._tree import Tree

LINE = re.compile(r"^threshold=(.*)$", re.MULTILINE)
SIZES = re.compile(r"^tree_sizes=.*\n", re.MULTILINE)
DEEPEST = 12


def rounded_down(values: Any) -> np.ndarray:
    """The largest floats of 32 bits that are not above the values, as 64 bits."""
    exact = np.asarray(values, np.float64)
    with np.errstate(over="ignore"):
        near = exact.astype(np.float32)
    below = np.nextafter(near, np.float32(-np.inf))
    return np.where(near.astype(np.float64) > exact, below, near).astype(np.float64)


def with_float_thresholds(estimator: Any) -> Any:
    """A copy of an estimator whose trees, wherever they are in it, have thresholds that 32 bits can hold."""
    made = copy.deepcopy(estimator)
    visit(made, set(), 0)
    return made


def visit(value: Any, seen: set[int], depth: int) -> None:
    """Follows the members of objects, lists and dicts to the trees."""
    if id(value) in seen or depth > DEEPEST or isinstance(value, str | bytes | int | float | type(None)):
        return
    seen.add(id(value))
    if isinstance(value, Tree):
        inner = value.feature >= 0
        value.threshold[inner] = rounded_down(value.threshold[inner])
    elif isinstance(value, TreePredictor):
        value.nodes = value.nodes.copy()
        value.nodes["num_threshold"] = rounded_down(value.nodes["num_threshold"])
    elif is_lightgbm(value):
        value._Booster = booster_with_float_thresholds(value._Booster)
    else:
        for member in members(value):
            visit(member, seen, depth + 1)


def members(value: Any) -> list[Any]:
    """What an object holds."""
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list | tuple | set):
        return list(value)
    if isinstance(value, np.ndarray):
        return value.reshape(-1).tolist() if value.dtype == object else []
    return list(vars(value).values()) if hasattr(value, "__dict__") and not isinstance(value, type) else []


def is_lightgbm(value: Any) -> bool:
    """Whether it is a fitted estimator of LightGBM."""
    return type(value).__module__.startswith("lightgbm.") and getattr(value, "_Booster", None) is not None


def booster_with_float_thresholds(booster: Any) -> Any:
    """The same booster of LightGBM, read from its own text with other thresholds."""
    import lightgbm

    def line(match: re.Match[str]) -> str:
        values = rounded_down([float(one) for one in match.group(1).split()])
        return "threshold=" + " ".join(repr(float(one)) for one in values)

    # The sizes of the trees in bytes, which help to read them in parallel, are no longer right.
    text = SIZES.sub("", LINE.sub(line, booster.model_to_string(num_iteration=-1)))
    made = lightgbm.Booster(model_str=text)
    made.best_iteration = booster.best_iteration
    return made
