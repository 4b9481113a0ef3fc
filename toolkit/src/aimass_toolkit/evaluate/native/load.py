"""The model of a training, loaded by the library of its toolkit."""

from __future__ import annotations

import importlib
from pathlib import Path

from aimass_toolkit.stage.report import StageError

from .formats import FORMATS, Found, recognise
from .predictor import Predictor

#: Which image has the library.
IMAGES = {"tensorflow": "framework: tensorflow", "paddle": "framework: paddlepaddle"}


def load_predictor(output: Path, task: str) -> Predictor:
    """The model in the folder that training wrote; raises StageError when there is none, or it cannot be loaded."""
    found = recognise(output)
    if found is None:
        names = ", ".join(name for names in FORMATS.values() for name in names)
        raise StageError(
            "ModelNotRecognised" if output.is_dir() and any(output.iterdir()) else "OutputMissing",
            f"There is no model in /aimass/output; it may be one of {names}. Write the model under one of these names.",
        )
    return load_found(found, task)


def load_found(found: Found, task: str) -> Predictor:
    """The model of that format."""
    module = importlib.import_module(f"{__package__}.{found.kind}_file")
    name = found.path.name
    try:
        predictor: Predictor = module.load(found.path, task)
    except StageError:
        raise
    except ImportError as error:
        remedy = IMAGES.get(found.kind, "an image that has it")
        raise StageError(
            "ModelNotRecognised", f"{name} needs the library {error.name}, which is not here; set {remedy}."
        ) from error
    except Exception as error:
        reason = " ".join(str(error).replace(str(found.path), name).split())[:300]
        raise StageError(
            "OutputInvalid",
            f"{name} is not a model of the format that its name stands for ({found.kind}): {reason}. "
            "Write the model in that format, or under the name of its own.",
        ) from error
    return predictor
