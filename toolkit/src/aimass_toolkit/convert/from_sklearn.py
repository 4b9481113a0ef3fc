"""From an estimator or pipeline of scikit-learn, also those of LightGBM and XGBoost, with skl2onnx."""

from __future__ import annotations

from typing import Any

import onnx
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)
from sklearn.base import is_classifier

from aimass_toolkit.stage.graph import ML_OPSET, OPSET
from aimass_toolkit.stage.prepared import FEATURES

from .rows import Arrays
from .thresholds import with_float_thresholds


def register_boosters() -> None:
    """Teaches skl2onnx the wrappers of LightGBM and XGBoost."""
    import lightgbm
    import xgboost
    from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
    from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost

    classes = {"nocl": [True, False], "zipmap": [True, False, "columns"]}
    shapes = calculate_linear_classifier_output_shapes
    for kind, converter in ((lightgbm.LGBMClassifier, convert_lightgbm), (xgboost.XGBClassifier, convert_xgboost)):
        update_registered_converter(kind, f"Aimass{kind.__name__}", shapes, converter, options=classes)
    shapes = calculate_linear_regressor_output_shapes
    for kind, converter in ((lightgbm.LGBMRegressor, convert_lightgbm), (xgboost.XGBRegressor, convert_xgboost)):
        update_registered_converter(kind, f"Aimass{kind.__name__}", shapes, converter, options={"split": None})


def initial_types(estimator: Any, rows: Arrays) -> list[tuple[str, Any]]:
    """One tensor `features`; a tensor for each column when the estimator was fitted on a table with texts."""
    names = [str(name) for name in getattr(estimator, "feature_names_in_", ())]
    texts = {name for name, values in rows.items() if values.dtype.kind in "OU"}
    if names and all(name in rows for name in names) and texts & set(names):
        return [(name, (StringTensorType if name in texts else FloatTensorType)([None, 1])) for name in names]
    return [(FEATURES, FloatTensorType([None, int(estimator.n_features_in_)]))]


def convert(estimator: Any, rows: Arrays) -> onnx.ModelProto:
    """The graph: `label` and `probabilities`, or `prediction`, come out under the names of the converter."""
    register_boosters()
    types = initial_types(estimator, rows)
    estimator = with_float_thresholds(estimator)
    options = {id(estimator): {"zipmap": False}} if is_classifier(estimator) else None
    return convert_sklearn(
        estimator,
        name="model",
        initial_types=types,
        options=options,
        target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET},
    )
