"""The options of a recipe: a table of names with their defaults and limits, and how values are read from a
stage document.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

from .problem import refuse


@dataclass(frozen=True)
class Option:
    """One option. `kind` is integer, number, choice, text or flag; a default of None means that the recipe chooses."""

    name: str
    kind: str
    default: Any
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()

    def range(self) -> str:
        """The values that are taken, in words."""
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        if self.kind in ("text", "flag"):
            return {"text": "a text", "flag": "true or false"}[self.kind]
        what = "a whole number" if self.kind == "integer" else "a number"
        least = "" if self.least is None else f" from {self.least:g}"
        most = "" if self.most is None else f" up to {self.most:g}"
        return what + least + most


TRAINING = (
    Option("epochs", "integer", 20, 1, 100_000),
    Option("batchSize", "integer", 64, 1, 65_536),
    Option("learningRate", "number", 0.001, 1e-9, 10),
    Option("optimiser", "choice", "adamw", choices=("adamw", "sgd")),
    Option("momentum", "number", 0.9, 0, 0.999),
    Option("weightDecay", "number", 0.01, 0, 10),
    Option("gradientClip", "number", 1.0, 0, 1000),
    Option("schedule", "choice", "cosine", choices=("cosine", "linear", "constant")),
    Option("warmup", "number", 0.05, 0, 0.9),
    Option("earlyStoppingPatience", "integer", 0, 0, 10_000),
    Option("dropout", "number", 0.1, 0, 0.95),
    Option("threads", "integer", None, 1, 256),
)

TRANSFER = (
    Option("freeze", "choice", "none", choices=("none", "backbone")),
    Option("layerDecay", "number", 1.0, 0.01, 1),
)

CLASSES = (Option("labelSmoothing", "number", 0.0, 0, 0.9),)

ALPHA = Option("alpha", "number", 0.5, 0, 1)

TEACHING = (Option("temperature", "number", 2.0, 0.1, 100), ALPHA)

IMAGE = (
    Option("channels", "integer", 32, 1, 1024),
    Option("layers", "integer", 3, 1, 12),
    Option("imageSize", "integer", None, 4, 1024),
    Option("colours", "choice", "auto", choices=("auto", "grey", "rgb")),
    Option("augment", "choice", "shift", choices=("none", "shift", "shift-flip")),
)

TEXT = (
    Option("hidden", "integer", 128, 8, 4096),
    Option("layers", "integer", 2, 1, 48),
    Option("heads", "integer", 4, 1, 64),
    Option("maxLength", "integer", 128, 8, 8192),
    Option("tokenizer", "choice", "wordpiece", choices=("wordpiece", "bpe")),
    Option("vocabulary", "integer", 8000, 64, 200_000),
    Option("lowercase", "flag", True),
)


def with_defaults(table: tuple[Option, ...], **defaults: Any) -> tuple[Option, ...]:
    """The table with other defaults."""
    return tuple(replace(option, default=defaults.get(option.name, option.default)) for option in table)


TRAINING_ON_TEXTS = with_defaults(TRAINING, batchSize=32)


def read_options(table: tuple[Option, ...], given: dict[str, Any], field: str) -> dict[str, Any]:
    """The table's defaults with the given values over them. Names that the table lacks are refused."""
    known = {option.name: option for option in table}
    for name in given:
        if name not in known:
            refuse(
                "RecipeInvalid",
                f"{field}.{name} is no option of this recipe; it has {', '.join(sorted(known))}. Remove or rename it.",
            )
    values = {option.name: option.default for option in table}
    values.update({name: read_value(known[name], value, field) for name, value in given.items() if value is not None})
    return values


def read_value(option: Option, value: Any, field: str) -> Any:
    """One value, checked against its kind and limits. Numbers may come as texts, as parameters of a command line do."""
    parsed = parse(option, value)
    low = (
        option.least is not None
        and parsed is not None
        and option.kind in ("integer", "number")
        and parsed < option.least
    )
    high = (
        option.most is not None and parsed is not None and option.kind in ("integer", "number") and parsed > option.most
    )
    if parsed is None or low or high:
        refuse("RecipeInvalid", f"{field}.{option.name} is {value!r}; it must be {option.range()}. Change it.")
    return parsed


def parse(option: Option, value: Any) -> Any:
    """The value in the option's kind; None when it is no such thing."""
    if option.kind == "flag":
        return {"true": True, "false": False}.get(str(value).lower())
    if option.kind == "choice":
        return value if value in option.choices else None
    if option.kind == "text":
        return value if isinstance(value, str) and value else None
    return parse_number(option, value)


def parse_number(option: Option, value: Any) -> float | int | None:
    """A finite number, whole where the option wants it so."""
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    if not math.isfinite(number):
        return None
    if option.kind == "number":
        return number
    return int(number) if number.is_integer() else None
