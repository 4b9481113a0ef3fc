"""What is learned from the training part: imputation, encoding, scaling. All of it is scikit-learn's."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, RobustScaler, StandardScaler

from aimass_toolkit.stage.report import StageError

from .clip import Clip
from .plan import Column, Plan

IMPUTE = {"mean": "mean", "median": "median", "mostFrequent": "most_frequent", "constant": "constant"}
SCALERS = {"standard": StandardScaler, "minMax": MinMaxScaler, "robust": RobustScaler}


def fit_preprocessor(train: pd.DataFrame, kinds: dict[str, str], plan: Plan) -> ColumnTransformer:
    """Fitted on the training part. Columns with the same settings share their steps."""
    groups: dict[Hashable, tuple[Column, list[str]]] = {}
    clipped = train.copy()
    for name, kind in kinds.items():
        settings = plan.for_column(name, kind)
        groups.setdefault(settings, (settings, []))[1].append(name)
        if settings.clip:
            # The graph clips after imputing, which gives the same: no imputed value is outside of the clipped ones.
            clipped[name] = clipped[name].clip(*settings.clip)
    steps = [
        (f"{settings.type}{index}", steps_for(settings, names), names)
        for index, (settings, names) in enumerate(groups.values())
    ]
    return ColumnTransformer(steps, sparse_threshold=0.0, verbose_feature_names_out=False).fit(clipped)


def steps_for(settings: Column, names: list[str]) -> Pipeline:
    """The steps of one group of columns."""
    return Pipeline(numeric_steps(settings, names) if settings.type == "numeric" else categorical_steps(settings))


def numeric_steps(settings: Column, names: list[str]) -> list[tuple[str, Any]]:
    """Impute, clip, scale."""
    fill = number_fill(settings.fill, names) if settings.impute == "constant" else None
    steps: list[tuple[str, Any]] = [
        ("impute", SimpleImputer(strategy=IMPUTE[settings.impute or "median"], fill_value=fill))
    ]
    if settings.clip:
        steps.append(("clip", Clip(*settings.clip)))
    if settings.normalise in SCALERS:
        steps.append(("scale", SCALERS[settings.normalise]()))
    return steps


def number_fill(fill: str | None, names: list[str]) -> float:
    """The constant for missing numbers."""
    try:
        return float(fill or 0)
    except ValueError:
        raise StageError(
            "InvalidSpec", f'spec.prepare.columns.{names[0]}.fill is "{fill}"; a column of numbers needs a number.'
        ) from None


def categorical_steps(settings: Column) -> list[tuple[str, Any]]:
    """Impute the empty text, encode."""
    impute = SimpleImputer(
        missing_values="",
        strategy=IMPUTE[settings.impute or "mostFrequent"],
        fill_value=settings.fill if settings.impute == "constant" else None,
    )
    if settings.encode == "ordinal":
        return [("impute", impute), ("encode", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1))]
    return [("impute", impute), ("encode", OneHotEncoder(handle_unknown="ignore", sparse_output=False))]


def feature_names(preprocessor: ColumnTransformer, target: str) -> list[str]:
    """Names of what comes out: that of the column, or COLUMN=CATEGORY. All different, and none is the target's."""
    names: list[str] = []
    for _, pipeline, columns in preprocessor.transformers_:
        encoder = pipeline[-1]
        if isinstance(encoder, OneHotEncoder):
            names += [
                f"{column}={value}"
                for column, values in zip(columns, encoder.categories_, strict=True)
                for value in values
            ]
        else:
            names += columns
    seen: set[str] = {target}
    for place in range(len(names)):
        while names[place] in seen:
            names[place] += "_"
        seen.add(names[place])
    return names
