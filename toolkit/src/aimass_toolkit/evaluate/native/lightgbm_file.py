"""model.txt: a LightGBM booster."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from .answers import two_columns
from .inputs import matrix
from .predictor import Answers, Arrays, Predictor


class LightgbmPredictor(Predictor):
    """A booster; what it predicts follows from its objective."""

    kind: ClassVar[str] = "lightgbm"

    def __init__(self, booster: Any, task: str) -> None:
        super().__init__(task)
        self.booster = booster
        self.objective = str(booster.dump_model(num_iteration=1).get("objective", "")).partition(" ")[0]
        self.columns = tuple(booster.feature_name())
        self.width = booster.num_feature()

    def predict(self, arrays: Arrays) -> Answers:
        """Classes and probabilities, scores, or numbers."""
        answered = np.asarray(self.booster.predict(matrix(arrays, self.columns, self.width)))
        if self.objective in ("binary", "cross_entropy"):
            answered = two_columns(answered)
        if answered.ndim == 2:
            return {"label": np.argmax(answered, axis=1), "probabilities": answered}
        return {"scores" if self.objective in ("lambdarank", "rank_xendcg") else "prediction": answered}


def load(path: Path, task: str) -> Predictor:
    """The booster of the file."""
    import lightgbm

    return LightgbmPredictor(lightgbm.Booster(model_file=str(path)), task)
