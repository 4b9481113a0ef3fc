"""Trees whose thresholds lie between two floats of 32 bits."""

import lightgbm
import numpy as np
import onnxruntime
import pytest
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from aimass_toolkit.convert.from_sklearn import convert
from aimass_toolkit.convert.thresholds import rounded_down, with_float_thresholds


def test_rounding_down_is_right_for_every_float():
    values = np.random.default_rng(0).normal(size=10_000)
    down = rounded_down(values)
    assert (down <= values).all()
    assert (np.nextafter(down.astype(np.float32), np.float32(np.inf)) > values).all()
    assert (rounded_down(down) == down).all()


def neighbours():
    """Rows that differ in the last bit only, so that every threshold lies between two neighbours."""
    start = np.float32(-1.5)
    steps = [start]
    for _ in range(63):
        steps.append(np.nextafter(steps[-1], np.float32(0)))
    x = np.array(steps, np.float32).reshape(-1, 1)
    return np.repeat(x, 4, axis=0), np.repeat((np.arange(64) % 3 == 0).astype(int), 4)


MODELS = [
    DecisionTreeClassifier(random_state=0),
    RandomForestClassifier(10, random_state=0),
    ExtraTreesClassifier(10, random_state=0),
    GradientBoostingClassifier(n_estimators=10, random_state=0),
    AdaBoostClassifier(DecisionTreeClassifier(max_depth=4), n_estimators=5, random_state=0),
    HistGradientBoostingClassifier(max_iter=20, min_samples_leaf=1, random_state=0),
    lightgbm.LGBMClassifier(n_estimators=20, min_child_samples=1, verbosity=-1),
    make_pipeline(StandardScaler(with_mean=False, with_std=False), RandomForestClassifier(10, random_state=0)),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_every_row_goes_the_same_way(model):
    x, y = neighbours()
    model.fit(x, y)
    want = model.predict_proba(x)
    assert np.array_equal(with_float_thresholds(model).predict_proba(x), want)
    session = onnxruntime.InferenceSession(convert(model, {}).SerializeToString())
    assert np.allclose(session.run(None, {"features": x})[1], want, atol=1e-5)
    assert np.array_equal(model.predict_proba(x), want)
