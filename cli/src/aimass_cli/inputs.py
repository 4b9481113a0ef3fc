"""What the user gave to ``predict``, read from files, flags and stdin."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .exits import UsageError

STDIN = "-"


@dataclass(frozen=True)
class TableInput:
    """A table, column by column."""

    columns: dict[str, list[Any]]


@dataclass(frozen=True)
class JsonInput:
    """A JSON document: a V2 request, a task request, an array, or a dict of arrays."""

    body: Any


@dataclass(frozen=True)
class TextInput:
    """Texts."""

    texts: list[str]


@dataclass(frozen=True)
class FileInput:
    """Images (or other files) with the names to show; ``.npy`` files are arrays."""

    names: list[str]
    items: list[Any]


PredictInput = TableInput | JsonInput | TextInput | FileInput


def read_input(
    *, files: Sequence[str], table: str | None, document: str | None, texts: Sequence[str], columns: str | None
) -> PredictInput:
    """Read the one input that was given; raises UsageError for none, or several kinds."""
    given = [
        name for name, value in (("INPUT", files), ("--csv", table), ("--json", document), ("--text", texts)) if value
    ]
    if len(given) != 1:
        what = (
            "give an input: files, --csv, --json or --text"
            if not given
            else f"{' and '.join(given)} do not go together"
        )
        raise UsageError(f"{what}; see aimass predict --help")
    if columns is not None and table is None:
        raise UsageError("--columns goes with --csv only")
    if table is not None:
        return TableInput(read_table(_text(table, "--csv"), table, columns))
    if document is not None:
        return JsonInput(_parse_json(_text(document, "--json"), document))
    if texts:
        return TextInput(_texts(texts))
    if len(files) == 1 and Path(files[0]).suffix.lower() in (".csv", ".json"):
        flag = Path(files[0]).suffix.lower()[1:]
        return read_input(
            files=[],
            table=files[0] if flag == "csv" else None,
            document=files[0] if flag == "json" else None,
            texts=[],
            columns=columns,
        )
    if list(files).count(STDIN) > 1:
        raise UsageError("stdin (-) can be read only once")
    return FileInput(["stdin" if name == STDIN else name for name in files], [_read_item(name) for name in files])


def _bytes(name: str) -> bytes:
    if name == STDIN:
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {name!r}: {error.strerror or error}") from error


def _text(name: str, flag: str) -> str:
    try:
        # Spreadsheets write a byte order mark in front of UTF-8.
        return _bytes(name).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{flag} {name!r} is not UTF-8 text (byte {error.start}); save it as UTF-8") from error


def _parse_json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise UsageError(f"--json {name!r} is not JSON: {error}") from error
    except RecursionError as error:
        raise UsageError(f"--json {name!r} is nested too deeply") from error


def _texts(given: Sequence[str]) -> list[str]:
    if STDIN not in given:
        return list(given)
    if len(given) > 1:
        raise UsageError("--text - reads lines from stdin and stands alone")
    lines = [line for line in _text(STDIN, "--text").splitlines() if line.strip()]
    if not lines:
        raise UsageError("there is no text on stdin")
    return lines


def _read_item(name: str) -> Any:
    content = _bytes(name)
    if not content:
        raise UsageError(f"{name!r} is empty")
    if not name.lower().endswith(".npy"):
        return content
    try:
        return np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise UsageError(f"{name!r} is no .npy file of numbers: {error}") from error


def read_table(text: str, name: str, columns: str | None) -> dict[str, list[Any]]:
    """Read CSV with a head: numbers become numbers, empty cells None. Raises UsageError that names line and column."""
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        lines = [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        raise UsageError(f"--csv {name!r}, line {reader.line_num}: {error}") from error
    if not lines:
        raise UsageError(f"--csv {name!r} is empty; its first line names the columns")
    head = [cell.strip() for cell in lines[0][1]]
    _check_head(head, name)
    if len(lines) == 1:
        raise UsageError(f"--csv {name!r} has no rows below its head")
    for number, cells in lines[1:]:
        if len(cells) != len(head):
            raise UsageError(f"--csv {name!r}, line {number} has {len(cells)} cells; the head has {len(head)}")
    table = {column: [_cell(cells[place]) for _, cells in lines[1:]] for place, column in enumerate(head)}
    return table if columns is None else _choose(table, columns, name)


def _check_head(head: list[str], name: str) -> None:
    twice = next((column for column in head if head.count(column) > 1), None)
    if twice is not None:
        raise UsageError(f"--csv {name!r} has two columns named {twice!r}; rename one")
    if all(_is_number(column) for column in head):
        raise UsageError(f"--csv {name!r} begins with numbers; its first line has to name the columns")


def _choose(table: dict[str, list[Any]], columns: str, name: str) -> dict[str, list[Any]]:
    wanted = [column.strip() for column in columns.split(",") if column.strip()]
    missing = next((column for column in wanted if column not in table), None)
    if missing is not None or not wanted:
        raise UsageError(f"--csv {name!r} has no column {missing!r}; it has {', '.join(table)}")
    return {column: table[column] for column in wanted}


def _is_number(text: str) -> bool:
    return isinstance(_cell(text), (int, float))


def _cell(text: str) -> Any:
    text = text.strip()
    if text == "":
        return None
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        # "1_000" is a number in Python only; NaN has no form in JSON.
        return text if "_" in text or not math.isfinite(value) else value
    return text
