"""model.ubj or model.json: an XGBoost booster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from scipy.special import softmax

from .answers import two_columns
from .inputs import matrix
from .predictor import Answers, Arrays, Predictor


class XgboostPredictor(Predictor):
    """A booster; what it predicts follows from its objective."""

    kind: ClassVar[str] = "xgboost"

    def __init__(self, booster: Any, task: str) -> None:
        super().__init__(task)
        self.booster = booster
        self.objective = str(json.loads(booster.save_config())["learner"]["objective"]["name"])
        self.columns = tuple(booster.feature_names or ())
        self.width = booster.num_features()

    def predict(self, arrays: Arrays) -> Answers:
        """Classes and probabilities, scores, or numbers."""
        import xgboost

        rows = matrix(arrays, self.columns, self.width)
        given = xgboost.DMatrix(rows, feature_names=list(self.columns) or None)
        multi = self.objective.startswith("multi:")
        answered = np.asarray(self.booster.predict(given, output_margin=multi))
        if multi:
            answered = softmax(answered, axis=-1)
        elif self.objective == "binary:logistic":
            answered = two_columns(answered)
        if answered.ndim == 2 and (multi or self.objective.startswith("binary:")):
            return {"label": np.argmax(answered, axis=1), "probabilities": answered}
        return {"scores" if self.objective.startswith("rank:") else "prediction": answered}


def load(path: Path, task: str) -> Predictor:
    """The booster of the file."""
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(path)
    return XgboostPredictor(booster, task)
