"""Work spaces of small recipes on texts, and Models given to them."""

import shutil

from data_sets import pairs, rankings

SMALL = {"hidden": 32, "layers": 1, "heads": 2, "maxLength": 32, "threads": 1}


def texts(workspace, name, content, file="table.csv", **options):
    space = workspace(recipe={"name": name, "options": {**SMALL, **options}}, task=name, seed=1)
    space.data("train", content, file)
    return space


def ranking(workspace, queries, seed=5, **options):
    return texts(workspace, "text-ranking", rankings(queries, seed), "table.jsonl", **options)


def embedding(workspace, rows, seed=5, **options):
    return texts(workspace, "feature-extraction", pairs(rows, seed), **options)


def give(space, model, folder="base-model"):
    shutil.copytree(model, space.root / folder)
    return space
