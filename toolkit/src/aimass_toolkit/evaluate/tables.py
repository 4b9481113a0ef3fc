"""Held-out rows of tables: of a prepared one, or one whose columns are the inputs of the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aimass_toolkit.stage.document import Document
from aimass_toolkit.stage.files import listed, load_frame
from aimass_toolkit.stage.prepared import FEATURES, Prepared, raw_tensors
from aimass_toolkit.stage.report import StageError
from aimass_toolkit.stage.session import Session

from .held_out import Array, HeldOut
from .labels import class_names, encoded
from .native import Predictor

if TYPE_CHECKING:
    import pandas as pd

#: Names of columns that hold what is to be told, when nobody says.
LABELS = ("label", "labels", "target", "class", "y")


def of_prepared_part(prepared: Prepared, part: str, predictor: Predictor, takes_raw: bool) -> HeldOut:
    """A part of the prepared table."""
    features, target = prepared.part(part)
    frame = prepared.raw(part)
    inputs = chosen_inputs(prepared, frame, features, predictor, takes_raw)
    notes = ("the test part is empty, so the validation part was used, which also chose the model",)
    return HeldOut(part, inputs, {"labels": target}, notes=notes if part == "validation" else ())


def of_prepared_table(prepared: Prepared, folder: Path, name: str, predictor: Predictor, takes_raw: bool) -> HeldOut:
    """A data set with the columns of the prepared table: it goes through the same preparation."""
    from aimass_toolkit.prepare.columns import as_numbers, as_texts
    from aimass_toolkit.prepare.target import Target

    frame = load_frame(folder, name)
    target = prepared.schema["target"]
    columns = prepared.schema["rawColumns"]
    need_columns(frame, [target, *(one["name"] for one in columns)], name)
    told = Target(target, prepared.schema["task"], tuple(prepared.labels)).encode(frame[target])
    known = told.notna()
    frame, told = frame[known], told[known]
    if len(frame) == 0:
        raise StageError(
            "DataEmpty",
            f'No row of the data set "{name}" has a "{target}" that training knows; give rows of the same kind.',
        )
    raw = frame[[]].copy()
    for one in columns:
        values = frame[one["name"]]
        raw[one["name"]] = as_numbers(values) if one["type"] == "numeric" else as_texts(values)
    features = Session(prepared.preprocessor).run(raw_tensors(raw, columns))["prepared"]
    inputs = chosen_inputs(prepared, raw, features, predictor, takes_raw)
    left_out = int((~known).sum())
    notes = (f"{left_out} rows without a target that training knows were left out",) if left_out else ()
    return HeldOut(
        name, inputs, {"labels": told.to_numpy(np.int64 if prepared.is_classification else float)}, {}, notes
    )


def chosen_inputs(
    prepared: Prepared, raw: pd.DataFrame, features: Array, predictor: Predictor, takes_raw: bool
) -> dict[str, Array]:
    """Raw values for a model with the preparation inside, or that names raw columns; else what preparation made."""
    columns = prepared.schema["rawColumns"]
    made = prepared.schema["featureNames"]
    if takes_raw:
        return raw_tensors(raw, columns)
    names = set(predictor.columns or predictor.inputs)
    if names and names <= {one["name"] for one in columns} and not names <= set(made):
        return {name: raw[name].to_numpy() for name in raw.columns}
    if names and names < set(made):
        return {name: features[:, made.index(name)] for name in made if name in names}
    return {FEATURES: features}


def of_table(document: Document, folder: Path, name: str, predictor: Predictor) -> HeldOut:
    """A data set that nothing prepared: the columns of the model by name, or all but the label."""
    frame = load_frame(folder, name)
    label = label_column(document, frame, predictor, name)
    if predictor.columns and set(predictor.columns) <= set(frame.columns):
        columns = list(predictor.columns)
    elif predictor.inputs and set(predictor.inputs) <= set(frame.columns):
        columns = list(predictor.inputs)
    else:
        columns = [column for column in frame.columns if column != label]
    if len(columns) == 0:
        raise StageError("DataInvalid", f'The data set "{name}" has no column beside "{label}"; give the inputs too.')
    names = class_names(document.paths, predictor.classes)
    truth = encoded(frame[label].to_numpy(), names, document.task, name)
    return HeldOut(name, {column: frame[column].to_numpy() for column in columns}, {"labels": truth})


def label_column(document: Document, frame: pd.DataFrame, predictor: Predictor, name: str) -> str:
    """The column with the truth: of that name, or the only one that is no input of the model."""
    asked = document.parameters.get("target")
    for candidate in (asked, *LABELS):
        if candidate in frame.columns:
            return str(candidate)
    rest = [column for column in frame.columns if column not in (predictor.columns or predictor.inputs)]
    if len(rest) == 1:
        return str(rest[0])
    raise StageError(
        "ColumnMissing",
        f'The data set "{name}" has no column {", ".join(LABELS)}; it has {listed(list(frame.columns), 30)}. '
        "Name the column with the truth so, or set spec.parameters.target.",
    )


def need_columns(frame: pd.DataFrame, names: list[str], name: str) -> None:
    """Refuses a table that lacks columns."""
    missing = [column for column in names if column not in frame.columns]
    if missing:
        raise StageError(
            "ColumnMissing",
            f'The data set "{name}" lacks {listed(missing)}, which training had; '
            f"it has {listed(list(frame.columns), 30)}. Give it the columns of the training data.",
        )
