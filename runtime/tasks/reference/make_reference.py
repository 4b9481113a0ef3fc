"""Writes runtime/testdata/tasks: inputs, small models, and what the Python libraries make of them.

    python -m venv VENV && VENV/bin/pip install -r requirements.txt && VENV/bin/python make_reference.py

It is run by hand when a library has moved on; the tests only read what it wrote.
"""

import json
from pathlib import Path

import images
import models
import texts

FOLDER = Path(__file__).parents[2] / "testdata" / "tasks"

if __name__ == "__main__":
    for name in ("images", "texts", "models"):
        (FOLDER / name).mkdir(parents=True, exist_ok=True)
    images.write_references(FOLDER / "images")
    texts.write_references(FOLDER / "texts")
    detr = json.loads((FOLDER / "images" / "images.json").read_text())["processors"]["detr"]
    models.write_references(FOLDER / "models", FOLDER / "texts", detr)
