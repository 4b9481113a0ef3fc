"""The options of the tabular recipes. `spec.parameters` wins over `recipe.options`, so that a search can vary them."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

from aimass_toolkit.stage.document import Document
from aimass_toolkit.stage.report import StageError

MODELS = {
    "tabular-classification": ("auto", "logistic", "randomForest", "gradientBoosting", "lightgbm", "mlp"),
    "tabular-regression": ("auto", "ridge", "randomForest", "gradientBoosting", "lightgbm", "mlp"),
}


@dataclass(frozen=True)
class Options:
    """Values of None mean: what is usual for the model. `hidden` are the sizes of the layers of an mlp."""

    model: str = "auto"
    target: str | None = None
    l2: float | None = None
    max_depth: int | None = None
    trees: int | None = None
    learning_rate: float | None = None
    early_stopping: bool = True
    patience: int = 20
    epochs: int = 200
    batch_size: int = 64
    hidden: str = "64,32"
    class_weight: str = "none"
    alpha: float | None = None
    temperature: float | None = None

    def layers(self) -> tuple[int, ...]:
        """The sizes of the hidden layers."""
        return tuple(int(size) for size in self.hidden.split(","))


# What a number may be: smallest, largest.
WHOLE = {
    "max_depth": (1, 64),
    "trees": (1, 10_000),
    "patience": (1, 10_000),
    "epochs": (1, 100_000),
    "batch_size": (1, 65_536),
}
REAL = {"l2": (0.0, 1e6), "learning_rate": (1e-6, 10.0), "alpha": (0.0, 1.0), "temperature": (0.1, 100.0)}
# Names as they are in a manifest.
NAMES = {
    "max_depth": "maxDepth",
    "learning_rate": "learningRate",
    "early_stopping": "earlyStopping",
    "batch_size": "batchSize",
    "class_weight": "classWeight",
}


def read_options(document: Document) -> Options:
    """The options of the recipe with the parameters over them; refuses what it does not know."""
    given = {
        **{
            name: ("spec.recipe.options", value)
            for name, value in (document.recipe.options if document.recipe else {}).items()
        },
        **{name: ("spec.parameters", value) for name, value in document.parameters.items()},
    }
    known = {NAMES.get(one.name, one.name): one.name for one in fields(Options)}
    values = {}
    for name, (place, value) in given.items():
        if name not in known:
            raise StageError("RecipeInvalid", f"{place}.{name} is no option of this recipe; it has {', '.join(known)}.")
        values[known[name]] = read_value(known[name], value, f"{place}.{name}", document.task)
    return Options(**values)


def read_value(name: str, value: Any, place: str, task: str) -> Any:
    """One value, checked."""
    if name in WHOLE or name in REAL:
        return read_number(value, place, {**WHOLE, **REAL}[name], whole=name in WHOLE)
    if name == "early_stopping":
        return read_choice(str(value).lower(), place, ("true", "false")) == "true"
    choices = {"model": MODELS[task], "class_weight": ("none", "balanced")}
    if name in choices:
        return read_choice(value, place, choices[name])
    return read_layers(str(value), place) if name == "hidden" else str(value)


def read_number(value: Any, place: str, limits: tuple[float, float], whole: bool) -> float | int:
    """A number within its limits; texts that are numbers are taken, as parameters may be."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not limits[0] <= number <= limits[1] or (whole and not number.is_integer()):
        what = "a whole number" if whole else "a number"
        raise StageError("RecipeInvalid", f"{place} is {value!r}; give {what} from {limits[0]:g} to {limits[1]:g}.")
    return int(number) if whole else number


def read_choice(value: Any, place: str, choices: tuple[str, ...]) -> str:
    """One of a few texts."""
    if value not in choices:
        raise StageError("RecipeInvalid", f"{place} is {value!r}; give one of {', '.join(choices)}.")
    return value


def read_layers(text: str, place: str) -> str:
    """Sizes of layers, such as 64,32."""
    sizes = [size.strip() for size in text.split(",")]
    if not all(size.isdigit() and 1 <= int(size) <= 4096 for size in sizes) or len(sizes) > 8:
        raise StageError("RecipeInvalid", f"{place} is {text!r}; give up to 8 sizes of layers, such as 64,32.")
    return ",".join(sizes)
