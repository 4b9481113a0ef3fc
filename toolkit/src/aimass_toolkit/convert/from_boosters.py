"""From a booster file of LightGBM (model.txt) or XGBoost (model.ubj, model.json), with onnxmltools."""

from __future__ import annotations

from typing import Any

import onnx
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

from aimass_toolkit.stage.prepared import FEATURES

from .thresholds import booster_with_float_thresholds

# The newest operators that these converters write; the graph is raised to newer ones afterwards.
NEWEST = 15


def from_lightgbm(booster: Any) -> onnx.ModelProto:
    """The graph of a booster of LightGBM."""
    types = [(FEATURES, FloatTensorType([None, booster.num_feature()]))]
    return convert_lightgbm(
        booster_with_float_thresholds(booster), initial_types=types, target_opset=NEWEST, zipmap=False
    )


def from_xgboost(booster: Any) -> onnx.ModelProto:
    """The graph of a booster of XGBoost."""
    width = booster.num_features()
    copy = booster.copy()
    # The converter knows columns by their places.
    copy.feature_names = None
    return convert_xgboost(copy, initial_types=[(FEATURES, FloatTensorType([None, width]))], target_opset=NEWEST)
