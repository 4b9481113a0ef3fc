"""``aimass predict``: asks a model and shows the answer."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import aimass
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .connection import Output
from .exits import UsageError
from .inputs import FileInput, JsonInput, PredictInput, TableInput, TextInput
from .render import Row, show_rows

_TABLE_ROWS = 256


@dataclass(frozen=True)
class Batching:
    """How much goes into one request, how many requests at once, and whether to show how far it is."""

    size: int | None
    concurrency: int
    has_progress: bool
    task: str | None = None


def predict(client: aimass.Client, given: PredictInput, output: Output, batching: Batching, top: int) -> None:
    """Ask the model for everything that was given, and write the answers."""
    if isinstance(given, TableInput):
        show_rows(_table_rows(client, given, batching), output)
    elif isinstance(given, JsonInput):
        show_rows(_answer_rows(_ask_json(client, given.body, batching.task), output, top), output)
    elif isinstance(given, TextInput):
        results = _batches(client, given.texts, batching, batching.size or 16)
        show_rows(_listed_rows("text", given.texts, _flat(results, given.texts), output, top), output)
    elif any(isinstance(item, np.ndarray) for item in given.items):
        show_rows(_array_rows(client, given), output)
    else:
        results = _batches(client, given.items, batching, batching.size or 1)
        show_rows(_listed_rows("file", given.names, _flat(results, given.names), output, top), output)


def _batches(client: aimass.Client, data: Any, batching: Batching, size: int) -> Iterator[Any]:
    """Results of batches, in order, with a bar on stderr when asked."""
    if not batching.has_progress:
        yield from client.predict_batches(data, batch_size=size, concurrency=batching.concurrency, task=batching.task)
        return
    columns = (TextColumn("predicting"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)
        yield from client.predict_batches(
            data,
            batch_size=size,
            concurrency=batching.concurrency,
            task=batching.task,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _table_rows(client: aimass.Client, given: TableInput, batching: Batching) -> Iterator[Row]:
    """Each row of the table, with what the model makes of it behind."""
    place = 0
    for result in _batches(client, given.columns, batching, batching.size or _TABLE_ROWS):
        for answer in _rows_of_tensors(result) if isinstance(result, Mapping) else result:
            yield {**{name: values[place] for name, values in given.columns.items()}, **_renamed(answer, given.columns)}
            place += 1


def _renamed(answer: Row, columns: Mapping[str, Any]) -> Row:
    # A table that brings a column "label" along keeps it.
    return {f"predicted {name}" if name in columns else name: value for name, value in answer.items()}


def _rows_of_tensors(outputs: Mapping[str, Any]) -> list[Row]:
    count = min(len(array) for array in outputs.values())
    return [{name: array[row] for name, array in outputs.items()} for row in range(count)]


def _array_rows(client: aimass.Client, given: FileInput) -> Iterator[Row]:
    """Each array is a request of its own, with as many rows as it has."""
    for name, item in zip(given.names, given.items, strict=True):
        yield from ({"file": name, **row} for row in _rows_of_tensors(client.predict(item)))


def _flat(results: Iterator[Any], names: list[str]) -> Iterator[Any]:
    """One result an input. That of a single one may come without the list around it."""
    for result in results:
        if isinstance(result, Mapping):
            yield from _rows_of_tensors(result)
        elif len(names) == 1 and isinstance(result, list) and result and isinstance(result[0], Mapping):
            yield result
        else:
            yield from result


def _listed_rows(kind: str, names: list[str], results: Iterator[Any], output: Output, top: int) -> Iterator[Row]:
    """A row for each input; for a single one, a row for each label."""
    for name, result in zip(names, results, strict=False):
        if output in (Output.JSON, Output.JSONL):
            yield {kind: name, **(result if isinstance(result, Mapping) else {"result": result})}
        elif isinstance(result, list) and result and isinstance(result[0], Mapping):
            wanted = (
                result[:top] if len(names) == 1 or "entity" in result[0] or "entity_group" in result[0] else result[:1]
            )
            yield from ({kind: name, **entry} for entry in wanted)
        else:
            yield {kind: name, **(result if isinstance(result, Mapping) else {"result": result})}


def _ask_json(client: aimass.Client, body: Any, task: str | None) -> Any:
    if isinstance(body, Mapping) and isinstance(body.get("inputs"), list) and _are_tensors(body["inputs"]):
        return client.infer(
            [_tensor(item, place) for place, item in enumerate(body["inputs"])],
            outputs=[item["name"] for item in body["outputs"]] if body.get("outputs") else None,
            request_id=body.get("id"),
            parameters=body.get("parameters"),
        )
    if isinstance(body, Mapping) and "inputs" in body:
        inputs = body["inputs"]
        if isinstance(inputs, Mapping) and isinstance(inputs.get("data"), Mapping):
            inputs = inputs["data"]
        return client.predict(inputs, task_parameters=body.get("parameters"), task=task)
    return client.predict(body, task=task)


def _are_tensors(inputs: list[Any]) -> bool:
    return bool(inputs) and all(isinstance(item, Mapping) and "datatype" in item for item in inputs)


def _tensor(item: Mapping[str, Any], place: int) -> aimass.Tensor:
    try:
        name, datatype, shape, data = (item[key] for key in ("name", "datatype", "shape", "data"))
        return aimass.Tensor(name, _array(data, datatype).reshape(shape), datatype)
    except KeyError as error:
        raise UsageError(f"inputs[{place}] of the JSON lacks {error}") from error
    except (TypeError, ValueError, OverflowError) as error:
        raise UsageError(f"inputs[{place}] of the JSON: {error}") from error


def _array(data: Any, datatype: str) -> np.ndarray[Any, Any]:
    from aimass.datatypes import numpy_type

    return np.array(data, dtype=numpy_type(datatype))


def _answer_rows(answer: Any, output: Output, top: int) -> Iterator[Row]:
    if isinstance(answer, aimass.InferResult):
        yield from _output_rows(answer, output)
    elif isinstance(answer, Mapping):
        yield from (
            {"output": name, "shape": list(array.shape), "data": array.reshape(-1) if output is Output.TABLE else array}
            for name, array in answer.items()
        )
    elif isinstance(answer, list):
        yield from (
            item if isinstance(item, Mapping) else {"result": item}
            for item in answer[: top if _is_ranked(answer) else None]
        )
    else:
        yield {"result": answer}


def _output_rows(answer: aimass.InferResult, output: Output) -> Iterator[Row]:
    for name, array in answer.outputs.items():
        data = array.reshape(-1)
        shown = data.tolist() if output is Output.TABLE else data
        yield {"output": name, "datatype": answer.datatypes[name], "shape": list(array.shape), "data": shown}


def _is_ranked(answer: list[Any]) -> bool:
    return all(isinstance(item, Mapping) and "score" in item for item in answer) and len(answer) > 1


def wants_progress(asked: bool | None) -> bool:
    """Show progress when asked; left open, on a terminal whose stdout goes elsewhere."""
    return (sys.stderr.isatty() and not sys.stdout.isatty()) if asked is None else asked
