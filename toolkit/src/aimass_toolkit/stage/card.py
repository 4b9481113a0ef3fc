"""card.md: what the model is for, what it was made from, how good it is; with the front matter of Hugging Face."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from .document import Document
from .session import Session

TASKS_WITHOUT_TAG = frozenset({"custom"})


@dataclass(frozen=True)
class Facts:
    """What a card tells beside the document."""

    model: str
    data: list[str] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    baseline: dict[str, float] = field(default_factory=dict)
    tensors: list[tuple[str, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)


def card(document: Document, facts: Facts) -> str:
    """The card of a trained model."""
    lines = [
        *front_matter(document),
        f"# {document.job}",
        "",
        document.card.summary or f"Trained by the TrainingJob {document.namespace}/{document.job}, run {document.run}.",
        "",
        *section("Data", [f"- {line}" for line in facts.data]),
        *section("Model", [facts.model, *(f"- {line}" for line in facts.notes)]),
        *section("Metrics", metric_table(facts)),
        *section("Tensors", [f"- {direction} `{name}`: {text}" for direction, name, text in facts.tensors]),
        *section("Limits", [f"- {line}" for line in facts.limits]),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def front_matter(document: Document) -> list[str]:
    """What the hub of Hugging Face reads. Values are JSON, which YAML takes."""
    values: dict[str, Any] = {"library_name": "onnx"}
    if document.card.license:
        values["license"] = document.card.license.lower()
    if document.task not in TASKS_WITHOUT_TAG:
        values["pipeline_tag"] = document.task
    values["tags"] = [*document.card.tags, "aimass"]
    return ["---", *(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()), "---", ""]


def section(title: str, lines: list[str]) -> list[str]:
    """A heading with its lines, or nothing."""
    return [f"## {title}", "", *lines, ""] if lines else []


def metric_table(facts: Facts) -> list[str]:
    """Metrics, and what an answer without looking at the input reaches."""
    if not facts.metrics:
        return []
    rows = [f"| {name} | {shown(value)} | {shown(facts.baseline.get(name))} |" for name, value in facts.metrics.items()]
    return ["| metric | value | without looking at the input |", "| --- | --- | --- |", *rows]


def shown(value: float | None) -> str:
    """A number for a table."""
    return "" if value is None else f"{value:.4g}"


def describe_tensors(session: Session) -> list[tuple[str, str, str]]:
    """The tensors of a model for its card: direction, name, type and shape."""
    described = []
    for direction, values in (("input", session.session.get_inputs()), ("output", session.session.get_outputs())):
        for one in values:
            shape = ", ".join("any" if size is None else str(size) for size in one.shape)
            described.append((direction, one.name, f"{one.type.removeprefix('tensor(').removesuffix(')')} [{shape}]"))
    return described
