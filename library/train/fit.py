"""Training: candidates compete in cross-validation on the training part; the hold-out part is looked at once."""

import warnings
from dataclasses import dataclass

import numpy as np
from datasets import HOLD_OUT, SEED, Data, Entry
from sklearn.base import BaseEstimator
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    log_loss,
    mean_absolute_error,
    r2_score,
    root_mean_squared_error,
)
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


@dataclass(frozen=True)
class Split:
    """The training part and the hold-out part of a data set."""

    train_inputs: np.ndarray
    train_targets: np.ndarray
    test_inputs: np.ndarray
    test_targets: np.ndarray


@dataclass(frozen=True)
class Fit:
    """A trained model with the name of the winning candidate and how each candidate scored."""

    model: BaseEstimator
    chosen: str
    scores: dict[str, float]


def split(data: Data) -> Split:
    """Splits with a fixed seed; classes keep their shares."""
    stratify = data.targets if data.labels else None
    parts = train_test_split(data.inputs, data.targets, test_size=HOLD_OUT, random_state=SEED, stratify=stratify)
    return Split(parts[0], parts[2], parts[1], parts[3])


def fit(entry: Entry, parts: Split) -> Fit:
    """Trains the candidate that cross-validation on the training part likes best."""
    if entry.task == "image-classification":
        return fit_image_classifier(parts)
    if entry.task == "tabular-regression":
        folds, scoring, candidates = KFold(5, shuffle=True, random_state=SEED), "r2", regressors()
    else:
        folds, scoring = StratifiedKFold(5, shuffle=True, random_state=SEED), "neg_log_loss"
        candidates = classifiers()
    scores = {
        name: round(float(np.mean(cross_val_score(model, parts.train_inputs, parts.train_targets, cv=folds, scoring=scoring))), 4)
        for name, model in candidates.items()
    }
    chosen = max(scores, key=scores.__getitem__)
    return Fit(candidates[chosen].fit(parts.train_inputs, parts.train_targets), chosen, scores)


def classifiers() -> dict[str, BaseEstimator]:
    linear = {
        f"logistic regression, C={c}": make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=2000))
        for c in (0.1, 1.0, 10.0)
    }
    return {**linear, "random forest": RandomForestClassifier(100, max_depth=6, random_state=SEED)}


def regressors() -> dict[str, BaseEstimator]:
    linear = {f"ridge regression, alpha={a}": make_pipeline(StandardScaler(), Ridge(a)) for a in (1.0, 10.0, 30.0)}
    boosted = GradientBoostingRegressor(n_estimators=80, max_depth=2, learning_rate=0.08, subsample=0.7, random_state=SEED)
    return {**linear, "gradient boosting": boosted}


def shifted(images: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """The images moved by a pixel; what leaves on one side is lost, what enters is empty."""
    moved = np.roll(images, (rows, columns), axis=(2, 3))
    if rows:
        moved[:, :, 0 if rows > 0 else -1, :] = 0
    if columns:
        moved[:, :, :, 0 if columns > 0 else -1] = 0
    return moved


def fit_image_classifier(parts: Split) -> Fit:
    """A network with two hidden layers, trained on each image as it is and moved by a pixel in four directions."""
    moves = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))
    images = np.concatenate([shifted(parts.train_inputs, *move) for move in moves])
    targets = np.concatenate([parts.train_targets] * len(moves))
    model = MLPClassifier((128, 64), alpha=0.01, batch_size=64, max_iter=40, random_state=SEED)
    with warnings.catch_warnings():
        # 40 epochs are the recipe, not a failure to converge.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(images.reshape(len(images), -1), targets)
    return Fit(model, "neural network, 64-128-64-10, trained on shifted copies too", {})


def metrics(entry: Entry, targets: np.ndarray, outputs: dict[str, np.ndarray]) -> dict[str, float]:
    """How well the exported model answers the hold-out part."""
    if entry.task == "tabular-regression":
        got = outputs["prediction"].reshape(-1)
        figures = {
            "r2": r2_score(targets, got),
            "meanAbsoluteError": mean_absolute_error(targets, got),
            "rootMeanSquaredError": root_mean_squared_error(targets, got),
        }
    else:
        figures = {
            "accuracy": accuracy_score(targets, outputs["label"]),
            "macroF1": f1_score(targets, outputs["label"], average="macro"),
            "logLoss": log_loss(targets, exact_probabilities(outputs["probabilities"])),
        }
    return {name: round(float(value), 4) for name, value in figures.items()}


def exact_probabilities(probabilities: np.ndarray) -> np.ndarray:
    """Probabilities that add up to one in float64 as well; the served ones do so in float32."""
    exact = probabilities.astype(np.float64)
    return exact / exact.sum(axis=1, keepdims=True)


def baseline(entry: Entry, parts: Split) -> dict[str, float]:
    """What an answer without looking at the input reaches: the mean, or the most frequent class."""
    if entry.task == "tabular-regression":
        guess = np.full(len(parts.test_targets), parts.train_targets.mean())
        return {"meanAbsoluteError": round(float(mean_absolute_error(parts.test_targets, guess)), 4)}
    guess = np.bincount(parts.train_targets).argmax()
    return {"accuracy": round(float(np.mean(parts.test_targets == guess)), 4)}
