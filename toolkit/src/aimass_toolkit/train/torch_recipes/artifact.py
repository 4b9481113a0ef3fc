"""What a training leaves in the folder `output`."""

import json
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import ModelProto

from aimass_toolkit.stage.atomic import whole_folder
from aimass_toolkit.stage.card import Facts, card, describe_tensors
from aimass_toolkit.stage.document import Document
from aimass_toolkit.stage.origin import data_lines, model_lines
from aimass_toolkit.stage.session import Session

EXAMPLES = 128
MOST_HELD_OUT_BYTES = 512 * 1024**2


@dataclass(frozen=True)
class Artifact:
    """A trained model and all that goes with it. `held_out` has the rows that were never looked at, and their
    labels.
    """

    model: ModelProto
    config: dict
    files: dict[str, str]
    metrics: dict[str, float]
    examples: dict[str, np.ndarray]
    held_out: dict[str, np.ndarray]
    description: str
    data: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    baseline: dict[str, float] = field(default_factory=dict)


def spread(rows: int, most: int = EXAMPLES) -> np.ndarray:
    """Row numbers evenly over all rows, which may be sorted by class."""
    return np.unique(np.linspace(0, rows - 1, min(rows, most)).astype(np.int64))


def bounded(rows: int, row: dict[str, np.ndarray]) -> np.ndarray:
    """The row numbers that are kept as held-out data, given one row: all, or evenly as many as are not too large."""
    size = sum(values.nbytes for values in row.values())
    return spread(rows, max(1, MOST_HELD_OUT_BYTES // max(1, size)))


def text_of(content: dict | list) -> str:
    """JSON as it is written to files."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def write_artifact(document: Document, made: Artifact) -> None:
    """Writes the folder, whole or not at all."""
    with whole_folder(document.paths.output) as folder:
        onnx.save(made.model, folder / "model.onnx")
        session = Session(folder / "model.onnx")
        facts = Facts(
            made.description,
            [*data_lines(document), *made.data],
            made.metrics,
            made.baseline,
            describe_tensors(session),
            [*model_lines(document), *made.notes],
            made.limits,
        )
        texts = {
            **made.files,
            "config.json": text_of(made.config),
            "metrics.json": text_of(made.metrics),
            "card.md": card(document, facts),
        }
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        np.savez_compressed(folder / "examples.npz", **made.examples)
        np.savez_compressed(folder / "held-out.npz", **made.held_out)


def label_config(labels: list[str]) -> dict:
    """How config.json names the classes."""
    numbered = {str(number): name for number, name in enumerate(labels)}
    return {
        "problem_type": "single_label_classification",
        "id2label": numbered,
        "label2id": {name: int(key) for key, name in numbered.items()},
    }
