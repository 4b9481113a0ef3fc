"""From the raw table to parts that are ready to train on, and the graph that does the same while serving."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from aimass_toolkit.stage.document import Document
from aimass_toolkit.stage.files import load_frame
from aimass_toolkit.stage.graph import serialised
from aimass_toolkit.stage.prepared import PARTS
from aimass_toolkit.stage.report import StageError

from .clean import clean_rows, drop_without_target
from .columns import choose_columns, drop_sparse, find_column, refuse_many_categories, typed_columns
from .fit import feature_names, fit_preprocessor
from .graph import apply_graph, export_preprocessor, same_features
from .plan import Plan, Split, parse_plan
from .split import Shares, split_rows
from .target import Target, choose_target
from .write import Result, write_prepared

HELD_OUT = ("validation", "test")
MAX_NOTES = 10


def prepare_table(document: Document) -> dict[str, Any]:
    """Prepares the table of `spec.prepare`, and writes the folder `prepared`."""
    plan = parse_plan(document.prepare or {})
    source = choose_source(document, plan)
    print(f"reading the data set {source}", flush=True)
    raw = load_frame(document.paths.data(source), source, plan.format, typed=False)
    find_column(raw, plan.target, "spec.prepare.target")
    raw, without = drop_without_target(raw, plan.target, source)
    kinds, notes = choose_columns(raw, plan)
    raw, cleaned = clean_rows(raw, plan.clean, list(raw.columns))
    cleaned = {**cleaned, "withoutTarget": without}
    target = choose_target(raw[plan.target], plan.target, document)
    frames, more = part_rows(document, plan, raw, target)
    parts = {name: typed_columns(frame, kinds, source) for name, frame in frames.items()}
    kinds, sparse = drop_sparse(parts["train"], kinds, plan.clean.drop_columns_missing_above)
    refuse_many_categories(parts["train"], kinds, plan)
    result = fit_and_apply(plan, parts, kinds, target)
    result.targets = {name: target.encode(frame[plan.target]) for name, frame in frames.items()}
    result.raw_targets = {name: frame[plan.target] for name, frame in frames.items()}
    result.cleaned, result.seed = cleaned, document.seed
    result.notes = [*counted(cleaned), *notes, *sparse, *more]
    write_prepared(document.paths.prepared, result)
    print("\n".join(result.notes), flush=True)
    rows = {name: len(frame) for name, frame in frames.items()}
    return {"rows": rows, "columns": len(kinds), "notes": result.notes[:MAX_NOTES]}


def choose_source(document: Document, plan: Plan) -> str:
    """The data set that is prepared: the named one, else `train`, else the first."""
    if not document.data:
        raise StageError("DataMissing", "spec.prepare needs data; name a data set in spec.data.")
    source = plan.source or ("train" if "train" in document.data else document.data[0])
    if source not in document.data:
        raise StageError(
            "DataMissing",
            f'spec.prepare.source is "{source}"; spec.data has {", ".join(document.data)}. Name one of them.',
        )
    return source


def part_rows(
    document: Document, plan: Plan, raw: pd.DataFrame, target: Target
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """The rows of each part. Data sets named validation and test take the place of a share."""
    given, notes = {}, []
    for name in HELD_OUT:
        if name in document.data and name != plan.source:
            given[name], left_out = load_part(document, plan, name, target)
            notes += left_out
    split = plan.split
    shares = Shares(
        0.0 if "validation" in given else split.validation,
        0.0 if "test" in given else split.test,
        document.seed,
        target.is_class if split.stratify is None else split.stratify and target.is_class,
    )
    classes = target.encode(raw[plan.target]) if target.is_class else None
    parts = split_rows(raw, classes, split if shares.validation + shares.test > 0 else Split(), shares)
    frames = {name: raw.iloc[getattr(parts, name)] for name in PARTS}
    return {**frames, **given}, [*notes, *parts.notes]


def load_part(document: Document, plan: Plan, name: str, target: Target) -> tuple[pd.DataFrame, list[str]]:
    """A data set that is a part by itself; rows with a target that training does not know are left out, and counted."""
    frame = load_frame(document.paths.data(name), name, plan.format, typed=False)
    if plan.target not in frame.columns:
        find_column(frame, plan.target, f'spec.prepare.target of the data set "{name}"')
    frame, _ = drop_without_target(frame, plan.target, name)
    known = target.encode(frame[plan.target]).notna()
    unknown = int((~known).sum())
    if unknown == len(frame):
        raise StageError(
            "DataInvalid",
            f'No row of the data set "{name}" has a value of "{plan.target}" that the training data has; give '
            "rows of the same kind.",
        )
    notes = [f'{unknown} rows of "{name}" have a target that the training data lacks; left out'] if unknown else []
    return frame[known], notes


def fit_and_apply(plan: Plan, parts: dict[str, pd.DataFrame], kinds: dict[str, str], target: Target) -> Result:
    """Fits on the training part, exports the graph, and computes the features of every part with it."""
    columns = [{"name": name, "type": kind} for name, kind in kinds.items()]
    raw = {name: frame[list(kinds)] for name, frame in parts.items()}
    preprocessor = fit_preprocessor(raw["train"], kinds, plan)
    graph = serialised(export_preprocessor(preprocessor, columns))
    features = {name: apply_graph(graph, frame, columns) for name, frame in raw.items()}
    for name, frame in raw.items():
        if len(frame):
            same_features(preprocessor, frame, features[name])
            refuse_infinite(features[name], name)
    return Result(target, columns, feature_names(preprocessor, target.name), preprocessor, graph, raw, features)


def refuse_infinite(features: np.ndarray, name: str) -> None:
    """Numbers that float32 cannot hold are found here, not in training."""
    if not np.isfinite(features).all():
        raise StageError(
            "DataInvalid", f"The {name} part has numbers too large for 32 bits; use spec.prepare.columns.NAME.clip."
        )


def counted(cleaned: dict[str, int]) -> list[str]:
    """What was dropped, in words."""
    words = {
        "duplicates": "duplicate rows",
        "outOfRange": "rows out of range",
        "withoutTarget": "rows without a target",
    }
    return [f"dropped {cleaned[key]} {text}" for key, text in words.items() if cleaned.get(key)]
