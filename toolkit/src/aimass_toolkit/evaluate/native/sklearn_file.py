"""model.joblib: a scikit-learn estimator or pipeline, also those of LightGBM and XGBoost."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from aimass_toolkit.stage.report import StageError

from .inputs import frame, matrix
from .predictor import Answers, Arrays, Predictor, places


class SklearnPredictor(Predictor):
    """An estimator with `predict`."""

    kind: ClassVar[str] = "sklearn"

    def __init__(self, estimator: Any, task: str) -> None:
        super().__init__(task)
        self.estimator = estimator
        self.columns = tuple(str(name) for name in getattr(estimator, "feature_names_in_", ()))
        self.width = getattr(estimator, "n_features_in_", None)
        self.classes = tuple(np.asarray(getattr(estimator, "classes_", ())).tolist())

    def predict(self, arrays: Arrays) -> Answers:
        """Classes and probabilities, or numbers."""
        rows = frame(arrays, self.columns) if self.columns else matrix(arrays, width=self.width)
        answered = np.asarray(self.estimator.predict(rows))
        if not self.classes:
            return {"scores" if self.task == "text-ranking" else "prediction": answered}
        answers = {"label": places(answered.reshape(-1), self.classes)}
        if hasattr(self.estimator, "predict_proba"):
            answers["probabilities"] = np.asarray(self.estimator.predict_proba(rows))
        return answers


def load(path: Path, task: str) -> Predictor:
    """The estimator of the file."""
    import joblib

    estimator = joblib.load(path)
    if not hasattr(estimator, "predict"):
        raise StageError(
            "OutputInvalid",
            f"{path.name} holds a {type(estimator).__name__}, which has no predict; save a fitted estimator.",
        )
    return SklearnPredictor(estimator, task)
