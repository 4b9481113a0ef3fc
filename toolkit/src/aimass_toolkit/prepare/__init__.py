"""The role `prepare`: checks the data; with `spec.prepare`, makes a table ready to train on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aimass_toolkit.stage.document import Document, read_document
from aimass_toolkit.stage.report import StageError, run_stage

from .check import check
from .runs import remove_old_runs


def main(argv: list[str]) -> int:
    """Prepares the data of the stage document; gives the exit code."""
    return run_stage(lambda: prepare(read_document()))


def prepare(document: Document) -> dict[str, Any]:
    """Rows by part or data set, the number of columns, and what people should know."""
    removed = remove_old_runs(document)
    result = check(document)
    spec = wanted(document)
    if spec is not None:
        from .table import prepare_table

        result = prepare_table(replace(document, prepare=spec))
    if removed:
        result["notes"] = [*result["notes"][:9], f"removed the files of {len(removed)} older runs"]
    return result


def wanted(document: Document) -> dict[str, Any] | None:
    """`spec.prepare`; for a recipe of tables without it, the usual preparation with the target of its options."""
    if document.prepare is not None or document.recipe is None or not document.recipe.name.startswith("tabular-"):
        return document.prepare
    target = document.parameters.get("target") or document.recipe.options.get("target")
    if target is None:
        raise StageError(
            "RecipeInvalid",
            "The recipe does not know what to predict; set spec.prepare.target or spec.recipe.options.target.",
        )
    return {"target": str(target)}
