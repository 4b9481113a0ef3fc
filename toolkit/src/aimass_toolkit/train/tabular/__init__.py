"""The recipes tabular-classification and tabular-regression."""

from __future__ import annotations

from typing import Any

from aimass_toolkit.stage.document import Document

from .models import train_model
from .options import read_options
from .table import read_table
from .write import write_output


def run(document: Document) -> dict[str, Any]:
    """Trains, and writes the folder `output`; gives the metrics on the validation part."""
    options = read_options(document)
    table = read_table(document, options)
    trained = train_model(table, options, document.seed, document.objective)
    metrics = write_output(document.paths.output, trained, table, options)
    return {"metrics": metrics, "steps": trained.steps}
