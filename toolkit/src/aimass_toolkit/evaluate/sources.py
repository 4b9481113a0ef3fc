"""Where held-out rows come from: the named data set, else what prepare held back, else what training held back."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from aimass_toolkit.stage.document import Document
from aimass_toolkit.stage.files import data_files
from aimass_toolkit.stage.json_file import read_json
from aimass_toolkit.stage.prepared import read_prepared
from aimass_toolkit.stage.report import StageError

from .boxes import check_boxes
from .held_out import Array, HeldOut
from .labels import class_names, encoded
from .native import Predictor
from .native.detections import DETECTION
from .tables import of_prepared_part, of_prepared_table, of_table

HELD_OUT = "held-out.npz"
TRUTH = ("labels", "groups", "boxes")
FIRST, SECOND = "a.", "b."


def find_held_out(document: Document, predictor: Predictor, converted: bool = False) -> HeldOut | None:
    """The rows to measure by, as this model takes them, or None when there are none.

    A converted model takes raw values when the preparation is a part of it; the model that training wrote takes
    what preparation made of them.
    """
    raw = takes_raw(document, converted)
    named = document.evaluation.data if document.evaluation else None
    kept = document.paths.output / HELD_OUT
    if named is not None:
        return of_data_set(document, predictor, named, raw)
    prepared = read_prepared(document.paths.prepared)
    if prepared is not None and prepared.held_out() != "train":
        return of_prepared_part(prepared, prepared.held_out(), predictor, raw)
    return of_arrays(kept, HELD_OUT, document, predictor) if kept.exists() else None


def takes_raw(document: Document, converted: bool) -> bool:
    """Whether the preparation is a part of the model: the conversion put it in front, or training wrote it so."""
    if read_json(document.paths.output / "config.json").get("preprocessing") == "included":
        return True
    return converted and read_json(document.paths.converted / "report.json").get("preparation", True) is True


def of_data_set(document: Document, predictor: Predictor, name: str, raw: bool) -> HeldOut:
    """The data set that `evaluation.data` names."""
    kept = document.paths.output / HELD_OUT
    if document.recipe is not None and kept.exists():
        # The recipe has read it, turned it into what the model takes, and held it back.
        return of_arrays(kept, name, document, predictor)
    folder = document.paths.data(name)
    arrays = [file for file in data_files(folder, name) if file.suffix == ".npz"]
    if arrays:
        return of_arrays(arrays[0], name, document, predictor)
    prepared = read_prepared(document.paths.prepared)
    if prepared is not None:
        return of_prepared_table(prepared, folder, name, predictor, raw)
    return of_table(document, folder, name, predictor)


def of_arrays(file: Path, dataset: str, document: Document, predictor: Predictor) -> HeldOut:
    """Arrays named as the inputs of the model, and `labels`; `a.` and `b.` before the names are the sides of pairs."""
    arrays = read_arrays(file, dataset)
    others = sides(arrays, SECOND)
    inputs = sides(arrays, FIRST) or {name: one for name, one in arrays.items() if name not in TRUTH}
    truth = {name: arrays[name] for name in TRUTH if name in arrays}
    check_rows(file, dataset, {**inputs, **others, **truth})
    if "labels" not in truth and not others:
        raise StageError(
            "EvaluationDataMissing",
            f'{file.name} of "{dataset}" has the arrays {", ".join(arrays)}, but no labels; add an array of that name.',
        )
    if "labels" in truth:
        names = class_names(document.paths, predictor.classes)
        truth["labels"] = encoded(truth["labels"], names, document.task, dataset)
    if document.task in DETECTION:
        check_boxes(file.name, dataset, truth)
    return HeldOut(dataset, inputs, truth, others, model_type=model_type(document))


def model_type(document: Document) -> str:
    """What config.json calls the architecture."""
    return str(read_json(document.paths.output / "config.json").get("model_type", ""))


def read_arrays(file: Path, dataset: str) -> dict[str, Array]:
    """The arrays of a file; none of them may hold Python objects, which could run code."""
    try:
        with np.load(file, allow_pickle=False) as content:
            return {name: content[name] for name in content.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).replace(str(file), file.name).split())[:200]
        raise StageError(
            "DataInvalid",
            f'{file.name} of "{dataset}" cannot be read: {reason}. Write it with numpy.savez, texts as dtype "U".',
        ) from error


def sides(arrays: dict[str, Array], prefix: str) -> dict[str, Array]:
    """The arrays of one side of pairs, without the prefix."""
    return {name.removeprefix(prefix): one for name, one in arrays.items() if name.startswith(prefix)}


def check_rows(file: Path, dataset: str, arrays: dict[str, Array]) -> None:
    """All arrays have the same rows, and there are some."""
    rows = {name: len(one) if one.ndim else 0 for name, one in arrays.items()}
    if len(set(rows.values())) > 1:
        told = ", ".join(f"{name} {count}" for name, count in rows.items())
        raise StageError(
            "DataInvalid", f'The arrays in {file.name} of "{dataset}" differ in rows ({told}); give all the same.'
        )
    if not rows or not next(iter(rows.values())):
        raise StageError("DataEmpty", f'{file.name} of "{dataset}" has no rows; give some to measure by.')
