"""The recipes tabular-classification and tabular-regression."""

from __future__ import annotations

from typing import Any

from aimass_toolkit.stage.document import Document
from aimass_toolkit.stage.report import StageError
from aimass_toolkit.train.given.model import is_given

from .models import train_model
from .options import read_options
from .table import read_table
from .write import write_output


def run(document: Document) -> dict[str, Any]:
    """Trains, and writes the folder `output`; gives the metrics on the validation part."""
    options = read_options(document)
    refuse_base_model(document)
    table = read_table(document, options)
    trained = train_model(table, options, document.seed, document.objective)
    metrics = write_output(document.paths.output, trained, table, options)
    return {"metrics": metrics, "steps": trained.steps}


def refuse_base_model(document: Document) -> None:
    """A published Model is a graph: what trees or linear models could be grown on from is not in it."""
    if is_given(document.paths.base_model):
        raise StageError(
            "RecipeInvalid",
            f"spec.baseModel is set, but {document.task} always trains anew: a published Model keeps its ONNX graph, "
            "not the state that training could go on from. Remove it, or name it as spec.teacherModel to learn from "
            "its answers.",
        )
