"""Tables that tests prepare."""

import numpy as np
import pandas as pd
from sklearn import datasets


def mixed(rows=300, seed=0):
    """Numbers with holes, categories with holes, an identifier, a patient and a day."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "ticket": [f"T{i:04}" for i in range(rows)],
            "age": random.normal(40, 12, rows).round(1),
            "income (€)": random.lognormal(10, 0.5, rows).round(),
            "city": random.choice(["Bern", "Lima", "Oslo"], rows),
            "size": random.choice(["big", "small"], rows),
            "patient": random.integers(0, 40, rows),
            "day": pd.date_range("2024-01-01", periods=rows).strftime("%Y-%m-%d"),
        }
    )
    frame["bought"] = np.where((frame["age"] > 40) ^ (frame["city"] == "Bern"), "yes", "no")
    frame.loc[random.random(rows) < 0.1, "age"] = np.nan
    frame.loc[random.random(rows) < 0.1, "city"] = None
    return frame


def iris():
    frame = datasets.load_iris(as_frame=True).frame
    frame["target"] = frame["target"].map(dict(enumerate(["setosa", "versicolor", "virginica"])))
    return frame
