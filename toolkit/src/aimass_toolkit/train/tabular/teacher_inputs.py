"""The training rows as a teacher takes them: raw columns, as every published Model does, or prepared features."""

from __future__ import annotations

import numpy as np
import pandas as pd

from aimass_toolkit.stage.files import listed
from aimass_toolkit.stage.prepared import Prepared, raw_tensors
from aimass_toolkit.stage.report import StageError
from aimass_toolkit.stage.session import Session
from aimass_toolkit.train.given.model import GivenModel

FIELD = "spec.teacherModel"


def teacher_inputs(teacher: GivenModel, session: Session, prepared: Prepared) -> dict[str, np.ndarray]:
    """Arrays [rows, columns] by the name of the teacher's input."""
    kinds = {one["name"]: one["type"] for one in prepared.schema["rawColumns"]}
    raw = prepared.raw("train")
    if all(name in kinds and is_column(session.shapes[name]) for name in session.inputs):
        for name in session.inputs:
            need_kind(name, kinds, session.types[name] is np.object_)
        columns = raw_tensors(raw, [{"name": name, "type": kinds[name]} for name in session.inputs], apart=True)
        return {name: columns[name].reshape(-1, *([1] * (len(session.shapes[name]) - 1))) for name in session.inputs}
    if len(session.inputs) > 1 or len(session.shapes[session.inputs[0]]) != 2:
        missing = [name for name in session.inputs if name not in kinds]
        raise refusal(f"takes {listed(missing or session.inputs)}", kinds)
    name = session.inputs[0]
    return {name: matrix(session.shapes[name][1], teacher.config.get("feature_names"), raw, prepared)}


def is_column(shape: list[int | str | None]) -> bool:
    """Whether an input takes one value a row."""
    return len(shape) == 1 or (len(shape) == 2 and shape[1] in (1, None))


def matrix(width: object, names: list[str] | None, raw: pd.DataFrame, prepared: Prepared) -> np.ndarray:
    """All columns in one array: by the names in the teacher's config.json, else by how many there are."""
    kinds = {one["name"]: one["type"] for one in prepared.schema["rawColumns"]}
    features = prepared.schema["featureNames"]
    if names and (not isinstance(width, int) or len(names) == width):
        lacking = [name for name in names if name not in kinds]
        if lacking and set(names) <= set(features):
            return prepared.part("train")[0][:, [features.index(name) for name in names]]
        if lacking:
            raise refusal(f"takes {listed(lacking)}", kinds)
        for name in names:
            need_kind(name, kinds, is_text=False)
        return raw[names].to_numpy(np.float32)
    # Nothing tells what the columns are: raw ones first, as published Models take those.
    if width == len(kinds) and "categorical" not in kinds.values():
        return raw[list(kinds)].to_numpy(np.float32)
    if width == len(features):
        return prepared.part("train")[0]
    raise refusal(f"takes {width} columns and no feature_names in its config.json tell which", kinds)


def need_kind(name: str, kinds: dict[str, str], is_text: bool) -> None:
    """Refuses a column that holds texts here and numbers there, or the other way."""
    wanted = "categorical" if is_text else "numeric"
    if kinds[name] != wanted:
        raise StageError(
            "RecipeInvalid",
            f'{FIELD} takes {"texts" if is_text else "numbers"} in the column "{name}", which is {kinds[name]} here; '
            f"set spec.prepare.columns.{name}.type to {wanted}, or name a Model of the same table.",
        )


def refusal(what: str, kinds: dict[str, str]) -> StageError:
    """A teacher of another table."""
    return StageError(
        "RecipeInvalid",
        f"{FIELD} {what}; the prepared table has {listed(list(kinds), 30)}. Name a Model of the same columns, or keep "
        "the columns that preparation leaves out, by spec.prepare.columns.NAME.type.",
    )
