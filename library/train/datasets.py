"""The data sets, and what people should know about them."""

import hashlib
from dataclasses import dataclass
from typing import Callable

import numpy as np
from sklearn import datasets

SEED = 20261123
HOLD_OUT = 0.25

UCI_LICENSE = "CC-BY-4.0 (UCI Machine Learning Repository)"


@dataclass(frozen=True)
class Entry:
    """One entry of the library: where its data comes from and what its card says."""

    name: str
    task: str
    title: str
    summary: str
    load: Callable
    data_source: str
    data_license: str
    limits: tuple[str, ...]


@dataclass(frozen=True)
class Data:
    """A data set in the form that the served model sees: float32 inputs, integer labels or real targets."""

    inputs: np.ndarray
    targets: np.ndarray
    features: list[str]
    labels: list[str]

    def digest(self) -> str:
        content = hashlib.sha256(np.ascontiguousarray(self.inputs).tobytes())
        content.update(np.ascontiguousarray(self.targets).tobytes())
        return f"sha256:{content.hexdigest()}"


ENTRIES = (
    Entry(
        name="iris",
        task="tabular-classification",
        title="Iris species from four measurements",
        summary="Tells three species of iris apart by the length and width of sepal and petal, in centimetres.",
        load=datasets.load_iris,
        data_source="Iris, R. A. Fisher, 1936, https://doi.org/10.24432/C56C76, as shipped with scikit-learn",
        data_license=UCI_LICENSE,
        limits=(
            "150 flowers from one study: a teaching example, not a tool for botany.",
            "Any four numbers get one of the three species; there is no answer for 'none of these'.",
        ),
    ),
    Entry(
        name="wine",
        task="tabular-classification",
        title="Cultivar of a wine from its chemistry",
        summary="Tells which of three cultivars of one Italian region a wine was made from, by 13 chemical measurements.",
        load=datasets.load_wine,
        data_source="Wine, S. Aeberhard and M. Forina, 1991, https://doi.org/10.24432/C5PC7J, as shipped with scikit-learn",
        data_license=UCI_LICENSE,
        limits=(
            "178 wines of one region; other regions and years were never seen.",
            "The hold-out set is small, so one wine more or less moves the accuracy by two percentage points.",
        ),
    ),
    Entry(
        name="breast-cancer",
        task="tabular-classification",
        title="Breast mass: malignant or benign, from cell nuclei",
        summary="Tells malignant from benign breast masses by 30 figures computed from images of cell nuclei.",
        load=datasets.load_breast_cancer,
        data_source=(
            "Breast Cancer Wisconsin (Diagnostic), W. Wolberg, O. Mangasarian, N. Street and W. Street, 1993, "
            "https://doi.org/10.24432/C5DW2B, as shipped with scikit-learn"
        ),
        data_license=UCI_LICENSE,
        limits=(
            "Not a medical device. It must not be used to make or support decisions about patients.",
            "569 samples from one hospital in the early 1990s.",
        ),
    ),
    Entry(
        name="diabetes",
        task="tabular-regression",
        title="Progression of diabetes after one year",
        summary="Estimates a score of disease progression one year on from ten baseline measurements, in their own units.",
        load=lambda: datasets.load_diabetes(scaled=False),
        data_source=(
            "Diabetes data of 'Least Angle Regression', B. Efron, T. Hastie, I. Johnstone and R. Tibshirani, 2004, "
            "as shipped with scikit-learn (unscaled)"
        ),
        data_license="no licence is stated by its authors; scikit-learn, which ships it, is BSD-3-Clause",
        limits=(
            "Not a medical device. It must not be used to make or support decisions about patients.",
            "442 patients; half of the variation stays unexplained, as the metrics show.",
        ),
    ),
    Entry(
        name="digits",
        task="image-classification",
        title="Handwritten digits, 8x8 pixels",
        summary="Reads a handwritten digit from an 8x8 grey image.",
        load=datasets.load_digits,
        data_source=(
            "Optical Recognition of Handwritten Digits (test part), E. Alpaydin and C. Kaynak, 1998, "
            "https://doi.org/10.24432/C50P49, as shipped with scikit-learn"
        ),
        data_license=UCI_LICENSE,
        limits=(
            "Digits must be upright, bright on dark, centred and fill the 8x8 image, as in the data.",
            "The hold-out set shares writers with the training set, so digits of new writers may be read less well.",
            "Any image gets one of the ten digits; there is no answer for 'not a digit'.",
        ),
    ),
)


def load(entry: Entry) -> Data:
    """Loads a data set and gives it the shape that the served model takes."""
    bunch = entry.load()
    if entry.task == "image-classification":
        # 16 ink levels to 0..1; [batch, channel, height, width], as image models of the Hugging Face ecosystem.
        pixels = (bunch.images / 16.0).astype(np.float32)[:, np.newaxis, :, :]
        return Data(pixels, bunch.target.astype(np.int64), [], [str(name) for name in bunch.target_names])
    features = [str(name) for name in bunch.feature_names]
    inputs = bunch.data.astype(np.float32)
    if entry.task == "tabular-regression":
        return Data(inputs, bunch.target.astype(np.float64), features, [])
    return Data(inputs, bunch.target.astype(np.int64), features, [str(name) for name in bunch.target_names])
