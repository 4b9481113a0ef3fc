"""The preprocessor as an ONNX graph from raw values to features, and the proof that it does the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pandas as pd
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer

from aimass_toolkit.stage import graph as house
from aimass_toolkit.stage.prepared import FEATURES, raw_tensors
from aimass_toolkit.stage.report import StageError
from aimass_toolkit.stage.session import Session

OUTPUT = "prepared"
# Scaling in float32, in another order of operations.
TOLERANCE = 1e-4


def export_preprocessor(preprocessor: ColumnTransformer, columns: list[dict[str, str]]) -> onnx.ModelProto:
    """One tensor `features` in when all columns are numbers, else one a column; `prepared` out."""
    names = [one["name"] for one in columns]
    # Names of columns may be anything: the converter sees places, or plain names.
    if all(one["type"] == "numeric" for one in columns):
        places: list[Any] = list(range(len(names)))
        types = [(FEATURES, FloatTensorType([None, len(names)]))]
    else:
        places = [f"column_{index}" for index in range(len(names))]
        kinds = {"numeric": FloatTensorType, "categorical": StringTensorType}
        types = [(place, kinds[one["type"]]([None, 1])) for place, one in zip(places, columns, strict=True)]
    model = convert_sklearn(
        renamed(preprocessor, dict(zip(names, places, strict=True))),
        name="preprocessor",
        initial_types=types,
        target_opset={"": house.OPSET, "ai.onnx.ml": house.ML_OPSET},
    )
    inside = {name for node in model.graph.node for name in node.output} | {one.name for one in model.graph.initializer}
    house.rename(model.graph, {name: f"{OUTPUT}/{name}" for name in inside})
    house.rename(model.graph, {model.graph.output[0].name: OUTPUT})
    house.rename(
        model.graph, {place: name for place, name in zip(places, names, strict=True) if isinstance(place, str)}
    )
    return house.finish(model, "preprocessor")


def renamed(preprocessor: ColumnTransformer, names: dict[str, Any]) -> ColumnTransformer:
    """The same transformer over columns of other names, or over places."""
    copy = ColumnTransformer(preprocessor.transformers, sparse_threshold=0.0)
    copy.__dict__.update(preprocessor.__dict__)
    copy.transformers_ = [
        (label, steps, [names[column] for column in columns]) for label, steps, columns in preprocessor.transformers_
    ]
    copy._columns = [[names[column] for column in columns] for columns in preprocessor._columns]
    return copy


def apply_graph(content: bytes, frame: pd.DataFrame, columns: list[dict[str, str]]) -> np.ndarray:
    """The features of rows, computed as the served model will."""
    session = Session(content)
    width = session.output_shapes[OUTPUT][1]
    return session.run(raw_tensors(frame, columns))[OUTPUT] if len(frame) else np.zeros((0, width), np.float32)


def same_features(preprocessor: ColumnTransformer, frame: pd.DataFrame, features: np.ndarray) -> float:
    """The largest difference between the graph and scikit-learn; refuses one that matters."""
    wanted = np.asarray(preprocessor.transform(frame), np.float64)
    scale = np.maximum(1.0, np.abs(wanted))
    largest = float(np.max(np.abs(features - wanted) / scale)) if wanted.size else 0.0
    if not largest <= TOLERANCE:
        raise StageError(
            "ConversionMismatch",
            f"The graph of the preparation differs from scikit-learn by {largest:.2g} (at most {TOLERANCE:g}); "
            "columns of very large numbers need spec.prepare.columns.NAME.clip, or another unit.",
        )
    return largest
