"""The stage document (AIMASS_SPEC) and the folders of the work space (AIMASS_ROOT), typed."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .report import StageError


@dataclass(frozen=True)
class Recipe:
    """`spec.recipe`: a built-in trainer and its options."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Threshold:
    """One of `spec.evaluation.thresholds`."""

    metric: str
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True)
class Evaluation:
    """`spec.evaluation`."""

    data: str | None = None
    metric: str | None = None
    thresholds: tuple[Threshold, ...] = ()


@dataclass(frozen=True)
class Optimize:
    """`spec.publish.optimize`."""

    precision: str | None = None
    quantization: str = "dynamic"
    prune: float | None = None
    max_metric_drop: float = 0.01
    metric: str | None = None


@dataclass(frozen=True)
class Publish:
    """What the toolkit needs of `spec.publish`."""

    convert: str = "onnx"
    optimize: Optimize | None = None
    tflite: bool = False


@dataclass(frozen=True)
class Objective:
    """`spec.search.objective`: what trials are compared by; the goal is maximize or minimize."""

    metric: str
    goal: str | None = None


@dataclass(frozen=True)
class Card:
    """`spec.publish.card`."""

    summary: str | None = None
    license: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Paths:
    """The folders of a run. Tests set AIMASS_ROOT to a folder of their own."""

    root: Path

    def data(self, name: str) -> Path:
        """The files of one data set, as they were fetched."""
        return self.root / "data" / name

    def __getattr__(self, name: str) -> Path:
        if name not in FOLDERS:
            raise AttributeError(name)
        return self.root / FOLDERS[name]


FOLDERS = {
    "prepared": "prepared",
    "output": "output",
    "checkpoints": "checkpoints",
    "evaluated": "evaluated",
    "converted": "converted",
    "compressed": "compressed",
    "base_model": "base-model",
    "teacher_model": "teacher-model",
    "parameters_file": "parameters.json",
}


@dataclass(frozen=True)
class Document:
    """Everything that a stage is told. `parameters` hold those of the trial, too; `prepare` is as in the spec."""

    paths: Paths
    job: str = "job"
    namespace: str = "default"
    run: int = 1
    task: str = "custom"
    framework: str = "custom"
    recipe: Recipe | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    data: tuple[str, ...] = ()
    prepare: dict[str, Any] | None = None
    evaluation: Evaluation | None = None
    publish: Publish = Publish()
    objective: Objective | None = None
    seed: int = 0
    card: Card = Card()
    keep_runs: tuple[int, ...] = ()


def read_document(environment: dict[str, str] | None = None) -> Document:
    """The document of this stage, from the environment of the container."""
    values = os.environ if environment is None else environment
    paths = Paths(Path(values.get("AIMASS_ROOT", "/aimass")))
    return parse_document(read_spec(values.get("AIMASS_SPEC")), paths)


def read_spec(text: str | None) -> dict[str, Any]:
    """AIMASS_SPEC as an object."""
    if not text:
        raise StageError("InvalidSpec", "AIMASS_SPEC is not set; give it the stage document as JSON.")
    try:
        spec = json.loads(text)
    except ValueError as error:
        raise StageError("InvalidSpec", f"AIMASS_SPEC is no JSON ({error}); give it the stage document.") from error
    if not isinstance(spec, dict):
        raise StageError("InvalidSpec", "AIMASS_SPEC is no JSON object; give it the stage document.")
    return spec


def parse_document(spec: dict[str, Any], paths: Paths) -> Document:
    """A typed document. What the spec leaves out gets the default of the dataclass."""
    parsers = {
        "recipe": lambda value: Recipe(value["name"], value.get("options") or {}),
        "data": tuple,
        "evaluation": parse_evaluation,
        "publish": parse_publish,
        "objective": lambda value: Objective(value["metric"], value.get("goal")),
        "card": lambda value: Card(value.get("summary"), value.get("license"), tuple(value.get("tags") or ())),
        "keepRuns": tuple,
    }
    plain = ("job", "namespace", "run", "task", "framework", "prepare", "seed")
    given = {name: spec[name] for name in plain if spec.get(name) is not None}
    for name, parse in parsers.items():
        if spec.get(name) is not None:
            given["keep_runs" if name == "keepRuns" else name] = parse(spec[name])
    if "task" not in given and "recipe" in given:
        given["task"] = given["recipe"].name
    return Document(paths=paths, parameters={**(spec.get("parameters") or {}), **read_parameters(paths)}, **given)


def read_parameters(paths: Paths) -> dict[str, Any]:
    """/aimass/parameters.json, which also holds what a search chose for this trial."""
    try:
        content = json.loads(paths.parameters_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return content if isinstance(content, dict) else {}


def parse_evaluation(value: dict[str, Any]) -> Evaluation:
    """`evaluation` of the document."""
    thresholds = tuple(
        Threshold(one["metric"], one.get("min"), one.get("max")) for one in value.get("thresholds") or ()
    )
    return Evaluation(value.get("data"), value.get("metric"), thresholds)


def parse_publish(value: dict[str, Any]) -> Publish:
    """`publish` of the document."""
    optimize = value.get("optimize")
    return Publish(
        convert=value.get("convert") or "onnx",
        optimize=None if optimize is None else parse_optimize(optimize),
        tflite=bool(value.get("tflite", False)),
    )


def parse_optimize(value: dict[str, Any]) -> Optimize:
    """`publish.optimize` of the document."""
    drop = value.get("maxMetricDrop")
    return Optimize(
        precision=value.get("precision"),
        quantization=value.get("quantization") or "dynamic",
        prune=value.get("prune"),
        max_metric_drop=0.01 if drop is None else drop,
        metric=value.get("metric"),
    )
