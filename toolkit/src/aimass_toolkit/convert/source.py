"""Which model training wrote, in which format, loaded by the library of that format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aimass_toolkit.evaluate.native import FORMATS, Found, Predictor, recognise
from aimass_toolkit.evaluate.native.load import load_found
from aimass_toolkit.stage.document import Document
from aimass_toolkit.stage.files import listed
from aimass_toolkit.stage.report import StageError

BESIDE = {"paddle": ("inference.pdiparams",)}


@dataclass(frozen=True)
class Source:
    """The model in the folder `output`."""

    found: Found
    predictor: Predictor

    @property
    def kind(self) -> str:
        """Its format: onnx, sklearn, lightgbm, xgboost, torchscript, tensorflow or paddle."""
        return self.found.kind

    @property
    def file(self) -> Path:
        """The file or folder of the model."""
        return self.found.path


def find_source(document: Document) -> Source:
    """The model of the output. Refuses an output without one, and a file that is not what its name says."""
    output = document.paths.output
    files = (
        sorted(str(one.relative_to(output)) for one in output.rglob("*") if one.is_file()) if output.is_dir() else []
    )
    if not files:
        raise StageError(
            "OutputMissing", "The training ended well but wrote nothing to /aimass/output; write the model there."
        )
    found = recognise(output)
    if found is None:
        known = ", ".join(name for names in FORMATS.values() for name in names)
        raise StageError(
            "ModelNotRecognised",
            f"No model is among the files of /aimass/output: {listed(files)}. Recognised are {known}; write the "
            "model under one of these names, or set spec.publish.convert to none.",
        )
    if found.path.is_file() and found.path.stat().st_size == 0:
        raise StageError("OutputInvalid", f"{found.path.name} is empty; write the whole model before the program ends.")
    for name in BESIDE.get(found.kind, ()):
        if name not in files:
            raise StageError("OutputInvalid", f"{found.path.name} needs {name} beside it; write both files.")
    return Source(found, load_found(found, document.task))
