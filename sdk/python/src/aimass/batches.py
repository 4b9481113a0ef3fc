"""Cut much input into batches, show progress, and join the results."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .errors import InvalidRequest, Unsupported
from .payloads import is_instance_of

#: Called after each batch with the batches done, and how many there are (None when nobody knows).
Progress = Callable[[int, int | None], None]


def cut(data: Any, size: int) -> tuple[Iterator[Any], int | None]:
    """Cut an array, DataFrame, dict of columns or iterable of examples into batches; gives their number if known."""
    if size < 1:
        raise InvalidRequest(f"batch_size is {size}; give 1 or more")
    if isinstance(data, (str, bytes)):
        raise InvalidRequest("predict_batches takes many inputs; put a single text or file in a list")
    if is_instance_of(data, "pandas", "DataFrame"):
        return _slices(len(data), size, lambda part: data.iloc[part])
    if isinstance(data, np.ndarray):
        return _slices(len(data), size, lambda part: data[part])
    if isinstance(data, Mapping):
        lengths = {len(values) for values in data.values()}
        if len(lengths) != 1:
            raise InvalidRequest("the arrays of the dict have different lengths; give one entry an example in each")
        return _slices(lengths.pop(), size, lambda part: {name: values[part] for name, values in data.items()})
    total = -(-len(data) // size) if isinstance(data, Sequence) else None
    return _chunks(data, size), total


def _slices(length: int, size: int, take: Callable[[slice], Any]) -> tuple[Iterator[Any], int]:
    starts = range(0, length, size)
    return (take(slice(start, start + size)) for start in starts), len(starts)


def _chunks(items: Iterable[Any], size: int) -> Iterator[Any]:
    chunk: list[Any] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield collate(chunk)
            chunk = []
    if chunk:
        yield collate(chunk)


def collate(examples: Sequence[Any]) -> Any:
    """Make one batch of several examples: arrays are stacked, dicts become columns, all else stays a list."""
    first = examples[0]
    if isinstance(first, Mapping):
        if any(not isinstance(example, Mapping) or example.keys() != first.keys() for example in examples):
            raise InvalidRequest("the examples of a batch are dicts with different keys; give each the same")
        return {name: _stack([example[name] for example in examples]) for name in first}
    return _stack(examples)


def _stack(values: Sequence[Any]) -> Any:
    if not isinstance(values[0], (np.ndarray, np.generic, list, tuple, int, float, bool)):
        return list(values)
    try:
        return np.stack([np.asarray(value) for value in values])
    except ValueError as error:
        raise InvalidRequest(
            "the examples of a batch have different shapes; make them equal, or use batch_size=1"
        ) from error


def join(results: Sequence[Any]) -> Any:
    """Join the results of batches: dicts of arrays and DataFrames are concatenated, lists put one behind the other."""
    if not results:
        return []
    if isinstance(results[0], Mapping):
        return {name: np.concatenate([result[name] for result in results]) for name in results[0]}
    if is_instance_of(results[0], "pandas", "DataFrame"):
        import pandas as pd

        return pd.concat(list(results))
    return [item for result in results for item in result]


class ProgressBar:
    """Shows how far a run of batches is: with tqdm, by a function of the user, or not at all."""

    def __init__(self, progress: bool | Progress, total: int | None) -> None:
        self.total = total
        self.done = 0
        self._tell = progress if callable(progress) else None
        self._bar: Any = None
        if progress is True:
            if importlib.util.find_spec("tqdm") is None:
                raise Unsupported("progress=True needs tqdm: pip install 'aimass[progress]', or give a function")
            from tqdm.auto import tqdm

            self._bar = tqdm(total=total, unit="batch")

    def step(self) -> None:
        """One more batch is done."""
        self.done += 1
        if self._bar is not None:
            self._bar.update()
        if self._tell:
            self._tell(self.done, self.total)

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()


def check_concurrency(concurrency: int) -> None:
    """Raise InvalidRequest unless it is 1 or more."""
    if concurrency < 1:
        raise InvalidRequest(f"concurrency is {concurrency}; give 1 or more")
