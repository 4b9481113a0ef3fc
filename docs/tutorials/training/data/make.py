#!/usr/bin/env python3
"""Makes the data of the tutorials anew, the same bytes each time. Needs numpy, pandas and scikit-learn."""

import json
import pathlib

import numpy as np
import pandas as pd
from sklearn import datasets

HERE = pathlib.Path(__file__).resolve().parent
SEED = 20261125


def iris() -> None:
    """Fisher's iris, as a table."""
    bunch = datasets.load_iris(as_frame=True)
    table = bunch.data.copy()
    table.columns = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    table["species"] = [bunch.target_names[index] for index in bunch.target]
    table.to_csv(HERE / "iris.csv", index=False)


def churn() -> None:
    """Customers of a made-up company: numbers, categories, missing values, a duplicate, and a value that cannot be right."""
    random = np.random.default_rng(SEED)
    rows = 800
    age = random.integers(18, 80, rows).astype(float)
    months = random.integers(1, 72, rows).astype(float)
    fee = np.round(random.gamma(4, 12, rows), 2)
    plan = random.choice(["basic", "plus", "pro"], rows, p=[0.5, 0.3, 0.2])
    region = random.choice(["north", "south", "east", "west"], rows)
    score = 1.4 - 0.06 * months + 0.035 * fee + np.where(plan == "basic", 0.9, -0.6) + random.normal(0, 0.6, rows)
    table = pd.DataFrame({"age": age, "months": months, "fee": fee, "plan": plan, "region": region})
    table["churned"] = np.where(score > 0.9, "yes", "no")
    table.loc[random.choice(rows, 60, replace=False), "fee"] = np.nan
    table.loc[random.choice(rows, 40, replace=False), "plan"] = np.nan
    table.loc[5, "age"] = 412
    table = pd.concat([table, table.iloc[:3]], ignore_index=True)
    table.to_csv(HERE / "churn.csv", index=False)


def digits() -> None:
    """Handwritten digits of 8x8 pixels."""
    bunch = datasets.load_digits()
    images = np.round(bunch.images / 16 * 255).astype(np.uint8)
    names = np.array([str(name) for name in bunch.target_names])
    np.savez_compressed(HERE / "digits.npz", images=images, labels=bunch.target.astype(np.int64), label_names=names)


def reviews() -> None:
    """Short made-up reviews, good and bad."""
    random = np.random.default_rng(SEED)
    things = ["film", "book", "meal", "hotel", "phone", "concert", "course", "train ride"]
    good = ["wonderful", "great", "lovely", "excellent", "delightful", "superb"]
    bad = ["terrible", "awful", "boring", "dreadful", "poor", "disappointing"]
    shapes = ["the {thing} was {word}", "what a {word} {thing}", "i found this {thing} {word}", "a {word} {thing} , truly"]
    with (HERE / "reviews.jsonl").open("w") as file:
        for index in range(400):
            words, label = (good, "positive") if index % 2 else (bad, "negative")
            text = random.choice(shapes).format(thing=random.choice(things), word=random.choice(words))
            file.write(json.dumps({"text": text, "label": label}) + "\n")


if __name__ == "__main__":
    for make in (iris, churn, digits, reviews):
        make()
