"""What every recipe is given: the stage document, its options, the other workers, and the models to start or
learn from.
"""

from dataclasses import dataclass
from functools import cached_property

from aimass_toolkit.stage.document import Document
from aimass_toolkit.stage.files import load_frame
from aimass_toolkit.train.given.model import GivenModel, find_model

from .options import Option, read_options
from .problem import refuse
from .training.workers import Workers


@dataclass(frozen=True)
class Context:
    """The circumstances of one training."""

    document: Document
    table: tuple[Option, ...]
    workers: Workers

    @cached_property
    def options(self) -> dict:
        """The options of the recipe; what stands in the parameters (and so what a search chose) wins."""
        recipe = self.document.recipe
        read_options(self.table, recipe.options if recipe else {}, "spec.recipe.options")
        read_options(self.table, self.document.parameters, "spec.parameters")
        return read_options(
            self.table, {**(recipe.options if recipe else {}), **self.document.parameters}, "spec.recipe.options"
        )

    @cached_property
    def base(self) -> GivenModel | None:
        """The model to start from."""
        return find_model(self.document.paths.base_model, "spec.baseModel")

    @cached_property
    def teacher(self) -> GivenModel | None:
        """The model to learn from."""
        return find_model(self.document.paths.teacher_model, "spec.teacherModel")

    def entries(self) -> dict[str, str]:
        """The data entries by what they are for: train, and maybe validation and test."""
        names = self.document.data
        if not names:
            refuse("DataMissing", "spec.data has no entry; give one named train.")
        train = (
            "train" if "train" in names else next((name for name in names if name not in ("validation", "test")), None)
        )
        if train is None:
            refuse(
                "DataMissing", f"spec.data has the entries {', '.join(names)}, but none to learn from; name one train."
            )
        held = self.document.evaluation.data if self.document.evaluation else None
        found = {
            "train": train,
            "test": held if held in names and held != train else "test",
            "validation": "validation",
        }
        return {role: name for role, name in found.items() if name in names}

    def tables(self) -> dict:
        """The tables of the data entries, cells of text files as texts."""
        return {
            role: load_frame(self.document.paths.data(name), name, typed=False) for role, name in self.entries().items()
        }
