"""The role `train`: trains the model of a recipe. Each recipe is imported only when it is wanted."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from aimass_toolkit.stage.document import Document, read_document
from aimass_toolkit.stage.report import StageError, run_stage
from aimass_toolkit.stage.threads import limit_threads

from .recipes import RECIPES


def main(argv: list[str]) -> int:
    """Runs the recipe of the stage document; gives the exit code."""
    return run_stage(lambda: train(read_document()))


def train(document: Document) -> dict[str, Any]:
    """Runs the recipe, which writes to the folder `output`; gives its metrics."""
    if document.recipe is None:
        raise StageError(
            "RecipeInvalid", "The stage document has no recipe; set spec.recipe.name, or a command of your own."
        )
    target = RECIPES.get(document.recipe.name)
    if target is None:
        raise StageError(
            "RecipeInvalid", f'spec.recipe.name is "{document.recipe.name}"; there are {", ".join(RECIPES)}.'
        )
    limit_threads()
    module, function = target.split(":")
    return getattr(import_module(module), function)(document)
