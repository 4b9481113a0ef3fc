"""golden.json: examples in the form of Open Inference V2, answered by the model that is published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from .atomic import write_whole
from .session import Session

# How far another machine may be off. Quantised kernels differ between processors; a rounded activation moves the rest.
TOLERANCES = {
    "fp32": {"relative": 1e-4, "absolute": 1e-5},
    "fp16": {"relative": 1e-2, "absolute": 2e-3},
    "int8": {"relative": 5e-2, "absolute": 5e-2},
}
# How far the two best classes have to be apart, so that rounding does not swap them elsewhere.
LEADS = {"fp32": 0.01, "fp16": 0.05, "int8": 0.2}
DATATYPES = {"float16": "FP16", "float32": "FP32", "float64": "FP64", "bool": "BOOL"}


def datatype(values: np.ndarray) -> str:
    """The V2 data type of an array."""
    if values.dtype.kind in "iu":
        return f"{'U' if values.dtype.kind == 'u' else ''}INT{values.dtype.itemsize * 8}"
    return DATATYPES.get(values.dtype.name, "BYTES")


def plain(values: np.ndarray) -> list[Any]:
    """The elements as JSON has them. Numbers are the shortest decimals that are the same float."""
    flat = values.reshape(-1)
    if values.dtype.kind == "f":
        return [float(str(value)) for value in flat]
    return [str(value) for value in flat] if values.dtype.kind in "OUS" else flat.tolist()


def tensor(name: str, values: np.ndarray) -> dict[str, Any]:
    """A V2 tensor."""
    return {"name": name, "shape": list(values.shape), "datatype": datatype(values), "data": plain(values)}


def example(session: Session, name: str, inputs: dict[str, np.ndarray]) -> dict[str, Any]:
    """One example: a request, and the answer of the model."""
    given = {key: np.asarray(inputs[key]).astype(session.types[key]) for key in session.inputs}
    answers = session.run(given)
    return {
        "name": name,
        "request": {"inputs": [tensor(key, value) for key, value in given.items()]},
        "response": {"outputs": [tensor(key, answers[key]) for key in session.outputs]},
    }


def golden(session: Session, rows: dict[str, np.ndarray], precision: str = "fp32", count: int = 5) -> dict[str, Any]:
    """Examples from real rows (arrays by input, the first dimension is the row): single ones, and a batch of 4.

    JSON has no NaN, so rows with one are left out. Of the rest, those are taken that spread the answers and that no
    rounding turns over; a row with an empty text, which is a missing category, is among them when there is one.
    """
    usable = finite_rows(rows)
    if not len(usable):
        return {"tolerance": TOLERANCES[precision], "examples": []}
    picks = pick(session, take(rows, usable), LEADS[precision], count)
    chosen = {f"row-{usable[index]}": [usable[index]] for index in picks}
    empty = [
        row
        for row in usable
        if any(value.dtype.kind in "OUS" and "" in value[row : row + 1].reshape(-1) for value in rows.values())
    ]
    if empty:
        chosen["missing-category"] = [empty[0]]
    if takes_batches(session) and len(picks) > 1:
        chosen["batch"] = [usable[index] for index in picks[:4]]
    examples = [example(session, name, take(rows, np.array(index))) for name, index in chosen.items()]
    return {"tolerance": TOLERANCES[precision], "examples": examples}


def take(rows: dict[str, np.ndarray], index: np.ndarray) -> dict[str, np.ndarray]:
    """Some of the rows."""
    return {name: values[index] for name, values in rows.items()}


def finite_rows(rows: dict[str, np.ndarray]) -> np.ndarray:
    """The numbers of the rows that JSON can hold."""
    keep: np.ndarray | None = None
    for values in rows.values():
        flat = values.reshape(len(values), -1)
        fine = np.isfinite(flat).all(axis=1) if values.dtype.kind == "f" else np.ones(len(values), bool)
        keep = fine if keep is None else keep & fine
    return np.flatnonzero(keep) if keep is not None else np.array([], int)


def takes_batches(session: Session) -> bool:
    """Whether the first dimension of every input is free."""
    return all(shape and not isinstance(shape[0], int) for shape in session.shapes.values())


def pick(session: Session, rows: dict[str, np.ndarray], lead: float, count: int) -> list[int]:
    """Rows whose answers are far apart and sure: evenly spread over the sorted answers, one of each class first."""
    limit = min(64, len(next(iter(rows.values()))))
    answers = [session.run(take(rows, np.array([index]))) for index in range(limit)]
    scores = [first_scores(one) for one in answers]
    if scores[0] is None:
        return spread(list(range(limit)), count)
    sure = [index for index in range(limit) if margin(scores[index]) >= lead] or sorted(
        range(limit), key=lambda one: -margin(scores[one])
    )
    if scores[0].size < 2:
        return spread(sorted(sure, key=lambda index: (float(scores[index].reshape(-1)[0]), index)), count)
    first: dict[int, int] = {}
    for index in sure:
        first.setdefault(int(np.argmax(scores[index])), index)
    ordered = [*first.values(), *(index for index in sure if index not in first.values())]
    return ordered[:count]


def first_scores(answers: dict[str, np.ndarray]) -> np.ndarray | None:
    """The output that tells how sure the model is: probabilities before logits before any other floats."""
    floats = {name: values for name, values in answers.items() if values.dtype.kind == "f"}
    for name in ("probabilities", "scores", "logits"):
        if name in floats:
            return floats[name]
    return next(iter(floats.values()), None)


def margin(scores: np.ndarray) -> float:
    """How far the best class is ahead of the second; without classes, always enough."""
    if scores.size < 2:
        return float("inf")
    best = np.sort(scores.reshape(-1))
    return float(best[-1] - best[-2])


def spread(ordered: list[int], count: int) -> list[int]:
    """Evenly spaced elements, the first and the last among them."""
    places = np.unique(np.linspace(0, len(ordered) - 1, min(count, len(ordered))).round().astype(int))
    return [ordered[place] for place in places]


def golden_text(content: dict[str, Any]) -> str:
    """One line for each example: short enough to look at, easy to compare."""
    lines = ",\n".join(f"    {json.dumps(one, ensure_ascii=False)}" for one in content["examples"])
    return f'{{\n  "tolerance": {json.dumps(content["tolerance"])},\n  "examples": [\n{lines}\n  ]\n}}\n'


def write_golden(file: Path, content: dict[str, Any]) -> None:
    """Writes golden.json."""
    write_whole(file, golden_text(content))
