"""A step that cuts numbers to a range, for scikit-learn and for its converter to ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import BaseEstimator, TransformerMixin


class Clip(TransformerMixin, BaseEstimator):
    """Cuts every column to the range [low, high]; it learns nothing."""

    def __init__(self, low: float, high: float) -> None:
        self.low = low
        self.high = high

    def fit(self, X: Any, y: Any = None) -> Clip:
        """Counts the columns."""
        self.n_features_in_ = np.shape(X)[1]
        return self

    def transform(self, X: Any) -> np.ndarray:
        """The numbers, cut."""
        return np.clip(X, np.float32(self.low), np.float32(self.high))


def shapes(operator: Any) -> None:
    """As many columns go out as come in."""
    operator.outputs[0].type = FloatTensorType([None, operator.raw_operator.n_features_in_])


def convert(scope: Any, operator: Any, container: Any) -> None:
    """The operator Clip of ONNX."""
    step = operator.raw_operator
    bounds = [scope.get_unique_variable_name(name) for name in ("low", "high")]
    for name, value in zip(bounds, (step.low, step.high), strict=True):
        container.add_initializer(name, TensorProto.FLOAT, [], [float(np.float32(value))])
    names = [operator.inputs[0].full_name, *bounds]
    container.add_node(
        "Clip", names, operator.outputs[0].full_name, op_version=13, name=scope.get_unique_operator_name("Clip")
    )


update_registered_converter(Clip, "AimassClip", shapes, convert)
