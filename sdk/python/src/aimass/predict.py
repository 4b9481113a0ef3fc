"""``predict``: from what users have to what users want, over V2 inference and the task endpoints."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .core import Core, InferOptions
from .datatypes import Array
from .errors import InvalidRequest, ProtocolError
from .fit import fit_array, fit_mapping
from .infer_body import InferResult
from .metadata import ModelInfo
from .payloads import Columns, File, Payload, Several, Tensors, Texts, read_payload
from .retry import Asking
from .steps import Flow


def predict(
    core: Core, data: Any, model: str | None, options: InferOptions, task_parameters: dict[str, Any] | None
) -> Flow[Any]:
    """Ask a model, whatever the input is."""
    asking = core.asking(model or core.model, options.timeout)
    info = yield from core.model_info(model, options.version, asking)
    if options.task is not None:
        info = replace(info, parameters={**info.parameters, "task": options.task})
    asking = Asking(asking.policy, asking.deadline, info.name)
    call = _Call(core, info, options, asking, task_parameters)
    try:
        return (yield from call.answer(read_payload(data, info)))
    except InvalidRequest as error:
        error.model = error.model or info.name
        raise


class _Call:
    """One call of predict, with all that its parts need."""

    def __init__(
        self, core: Core, info: ModelInfo, options: InferOptions, asking: Asking, task_parameters: dict[str, Any] | None
    ) -> None:
        self.core = core
        self.info = info
        self.options = options
        self.asking = asking
        self.task_parameters = task_parameters

    def answer(self, payload: Payload) -> Flow[Any]:
        """Ask for one payload."""
        if isinstance(payload, Tensors):
            result = yield from self._infer(payload.data)
            return {name: readable(result, name) for name in result.outputs}
        if isinstance(payload, File):
            return (yield from self._ask_task(payload.content, "application/octet-stream"))
        if isinstance(payload, Texts):
            return (yield from self._task(payload.inputs))
        if isinstance(payload, Several):
            results = []
            for item in payload.items:
                results.append((yield from self.answer(item)))
            return results
        return (yield from self._table(payload))

    def _infer(self, data: Any) -> Flow[InferResult]:
        tensors = fit_mapping(data, self.info) if isinstance(data, Mapping) else fit_array(data, self.info)
        return (yield from self.core.infer_tensors(tensors, self.info.name, self.options, self.asking))

    def _task(self, inputs: Any) -> Flow[Any]:
        body: dict[str, Any] = {"inputs": inputs}
        if self.task_parameters:
            body["parameters"] = self.task_parameters
        try:
            content = json.dumps(body, allow_nan=False, default=_plain).encode()
        except (TypeError, ValueError) as error:
            raise InvalidRequest(f"the input cannot be sent as JSON: {error}") from error
        return (yield from self._ask_task(content, "application/json"))

    def _ask_task(self, content: bytes, content_type: str) -> Flow[Any]:
        return (yield from self.core.task(content, content_type, self.info.name, self.asking, self.options.task))

    def _table(self, table: Columns) -> Flow[Any]:
        if {spec.name for spec in self.info.inputs} == set(table.columns):
            rows = yield from self._columns_as_tensors(table)
        else:
            answer = yield from self._task({"data": table.columns})
            rows = rows_of(answer, self.info, len(next(iter(table.columns.values()))))
        return rows if table.index is None else _frame(rows, table.index)

    def _columns_as_tensors(self, table: Columns) -> Flow[list[dict[str, Any]]]:
        """A model with one input a column takes them as they are."""
        ranks = {spec.name: len(spec.shape) for spec in self.info.inputs}
        result = yield from self._infer({name: _column(values, ranks[name]) for name, values in table.columns.items()})
        outputs = {name: readable(result, name) for name in result.outputs}
        count = len(next(iter(table.columns.values())))
        return [{name: _cell(array, row) for name, array in outputs.items()} for row in range(count)]


def _column(values: list[Any], rank: int) -> Array:
    array = np.asarray(values)
    return array.reshape(-1, 1) if rank == 2 else array


def _cell(array: Array, row: int) -> Any:
    cell = np.asarray(array[row])
    return cell.item() if cell.size == 1 else cell.tolist()


def readable(result: InferResult, name: str) -> npt.NDArray[Any]:
    """Give an output for people: BYTES become text. Bytes that are not UTF-8 survive (``surrogateescape``)."""
    array: npt.NDArray[Any] = result.outputs[name]
    if result.datatypes[name] != "BYTES":
        return array
    texts = np.empty(array.shape, dtype=object)
    for place, item in np.ndenumerate(array):
        texts[place] = item.decode("utf-8", "surrogateescape")
    return texts


def rows_of(answer: Any, info: ModelInfo, count: int) -> list[dict[str, Any]]:
    """Give one dict a row from what a tabular task answers: values, {label, score}, or the scores of all labels."""
    if not isinstance(answer, list) or len(answer) != count:
        raise ProtocolError(f"the server answered {_length(answer)} for {count} rows", model=info.name)
    column = "prediction" if info.task == "tabular-regression" else "label"
    return [_row(item, column) for item in answer]


def _row(item: Any, column: str) -> dict[str, Any]:
    if isinstance(item, dict):
        return item
    if isinstance(item, list) and item and all(isinstance(entry, dict) and "score" in entry for entry in item):
        return dict(max(item, key=lambda entry: entry["score"]))
    return {column: item}


def _length(answer: Any) -> str:
    return f"{len(answer)} values" if isinstance(answer, list) else f"a {type(answer).__name__}"


def _frame(rows: list[dict[str, Any]], index: Any) -> Any:
    # pandas is there: the input was a DataFrame.
    return sys.modules["pandas"].DataFrame(rows, index=index)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__} has no form in JSON")
