"""Trains two small networks by recipe and compresses each in every way; prints a line of JSON. In the toolkit image."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

# What is learned, and from which file beside this one.
MODELS = {
    "digits, convnet": ("image-classification", "digits.npz", {"epochs": 6, "threads": 1}),
    "reviews, transformer": ("text-classification", "reviews.jsonl", {"epochs": 6, "threads": 1}),
}
WAYS: tuple[dict[str, Any], ...] = (
    {"precision": "fp16"},
    {"precision": "int8"},
    {"precision": "int8", "quantization": "static"},
    {"prune": 0.5},
)
HERE = Path(__file__).resolve().parent


def main() -> None:
    """Each model, once trained and converted, in every way."""
    print(json.dumps({name: measure(name.split(",")[0], *model) for name, model in MODELS.items()}))


def measure(folder: str, recipe: str, file: str, options: dict[str, Any]) -> list[dict[str, Any]]:
    """The reports of the role compress for one model."""
    root = HERE / folder
    data = root / "data" / "train"
    data.mkdir(parents=True)
    shutil.copy(HERE / file, data / file)
    document = {"job": folder, "namespace": "bench", "run": 1, "task": recipe, "data": ["train"], "seed": 1}
    document["recipe"] = {"name": recipe, "options": options}
    document["publish"] = {"convert": "onnx"}
    run(root, "train", document)
    run(root, "convert", document)
    reports = []
    for optimize in WAYS:
        run(root, "compress", {**document, "publish": {"convert": "onnx", "optimize": optimize}})
        reports.append(json.loads((root / "compressed" / "report.json").read_text()))
    return reports


def run(root: Path, role: str, document: dict[str, Any]) -> None:
    """Runs a role as its container does; what it prints is for whoever waits."""
    environment = {"AIMASS_ROOT": str(root), "AIMASS_SPEC": json.dumps(document), "AIMASS_STAGE": role}
    environment["AIMASS_TERMINATION_LOG"] = str(root / "termination")
    command = [sys.executable, "-m", "aimass_toolkit", role]
    subprocess.run(command, env={**os.environ, **environment}, stdout=sys.stderr, check=True)


if __name__ == "__main__":
    main()
