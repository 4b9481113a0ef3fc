"""The folder `converted`: what is published, whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aimass_toolkit.evaluate.native import FORMATS
from aimass_toolkit.stage.atomic import whole_folder
from aimass_toolkit.stage.document import Document
from aimass_toolkit.stage.files import hidden

# What stays behind: models in their own formats, and what only later stages read.
NOT_PUBLISHED = frozenset(
    {
        *(name for names in FORMATS.values() for name in names),
        "inference.pdiparams",
        "examples.npz",
        "held-out.npz",
        "metrics.json",
        "report.json",
    }
)


def write_converted(
    document: Document, graph: bytes, texts: dict[str, str], report: dict[str, Any], tflite: bytes | None
) -> None:
    """Writes the model, its texts, the files that training wrote for the task, and the report."""
    output = document.paths.output
    with whole_folder(document.paths.converted) as folder:
        shutil.copytree(output, folder, ignore=left_behind(output), dirs_exist_ok=True)
        (folder / "model.onnx").write_bytes(graph)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        if tflite is not None:
            (folder / "model.tflite").write_bytes(tflite)
        (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def left_behind(output: Path) -> Callable[[str, list[str]], set[str]]:
    """Which names of the output are not copied."""

    def ignore(folder: str, names: list[str]) -> set[str]:
        at_top = Path(folder) == output
        return {name for name in names if hidden(Path(name)) or (at_top and name in NOT_PUBLISHED)}

    return ignore
