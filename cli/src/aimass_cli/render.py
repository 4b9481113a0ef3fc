"""Rows to a table, JSON, JSON lines or CSV on stdout."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from .connection import Output

_WIDE = 10_000
_SHOWN_VALUES = 8

Row = Mapping[str, Any]


def console() -> Console:
    """A console for stdout: in colour on a terminal only, and never cut to a width elsewhere."""
    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=_WIDE)


def plain(value: Any) -> Any:
    """Make a value that JSON can hold: arrays become lists; NaN and infinities, which JSON lacks, become text."""
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (bytes, str)):
        as_bytes = value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
        return as_bytes.decode("utf-8", "backslashreplace")
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def short(value: Any) -> str:
    """A value for a cell of a table."""
    if value is None:
        return ""
    if isinstance(value, np.ndarray):
        return _short_array(value)
    if isinstance(value, (list, tuple)):
        return _short_list(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(plain(value))


def _short_array(array: np.ndarray[Any, Any]) -> str:
    return f"{_short_list(array.reshape(-1).tolist())}  {array.dtype}{list(array.shape)}"


def _short_list(values: Sequence[Any]) -> str:
    text = ", ".join(short(value) for value in values[:_SHOWN_VALUES])
    return f"{text}, … ({len(values)})" if len(values) > _SHOWN_VALUES else text


def show_rows(rows: Iterable[Row], output: Output, columns: Sequence[str] | None = None) -> None:
    """Write rows; JSON lines as they come, all else when they are all there."""
    if output is Output.JSONL:
        for row in rows:
            print(json.dumps(plain(row), ensure_ascii=False), flush=True)
        return
    listed = list(rows)
    if output is Output.JSON:
        print(json.dumps(plain(listed), ensure_ascii=False, indent=2))
        return
    names = list(columns) if columns else _names(listed)
    if output is Output.CSV:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_csv_cell(row.get(name)) for name in names] for row in listed)
        return
    console().print(table(listed, names))


def table(rows: Sequence[Row], columns: Sequence[str] | None = None) -> Table:
    """A table as kubectl has them: a head and columns, without lines."""
    names = list(columns) if columns else _names(rows)
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in names:
        made.add_column(name, overflow="fold")
    for row in rows:
        made.add_row(*(_styled(name, short(row.get(name))) for name in names))
    return made


def _styled(name: str, text: str) -> Any:
    from rich.text import Text

    styles = {"True": "green", "READY": "green", "False": "red", "UNAVAILABLE": "red", "Unknown": "yellow"}
    return Text(text, style=styles.get(text, "") if name.upper() in ("READY", "STATE", "STATUS") else "")


def _csv_cell(value: Any) -> Any:
    kept = plain(value)
    return json.dumps(kept, ensure_ascii=False) if isinstance(kept, (list, dict)) else kept


def _names(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))
