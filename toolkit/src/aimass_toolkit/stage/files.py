"""The files of a data set as one table."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .report import StageError

if TYPE_CHECKING:
    import pandas as pd

# What people write for "no value".
MISSING = frozenset({"", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "?", "#N/A"})
ENDINGS = {
    "csv": (".csv", ".csv.gz"),
    "tsv": (".tsv", ".tsv.gz", ".tab"),
    "parquet": (".parquet",),
    "jsonl": (".jsonl", ".ndjson", ".jsonl.gz"),
    "json": (".json",),
    "npz": (".npz",),
}
# Files beside the data that say something about it.
BESIDE = frozenset(
    {"fetched.json", "dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "config.json"}
)


def data_files(folder: Path, name: str) -> list[Path]:
    """The files of a data set in order; refuses a data set that is missing or holds nothing."""
    if not folder.is_dir():
        raise StageError("DataMissing", f'The data set "{name}" is missing; name it in spec.data.')
    files = sorted(file for file in folder.rglob("*") if file.is_file() and not hidden(file.relative_to(folder)))
    files = [file for file in files if file.name != "fetched.json"]
    if not files:
        raise StageError("DataMissing", f'The data set "{name}" has no files; check the uri in spec.data.')
    if all(file.stat().st_size == 0 for file in files):
        raise StageError(
            "DataEmpty", f'All {len(files)} files of the data set "{name}" are empty; check the uri in spec.data.'
        )
    return files


def hidden(path: Path) -> bool:
    """Whether a part of the path starts with a dot."""
    return any(part.startswith(".") for part in path.parts)


def table_files(folder: Path, name: str, form: str | None = None) -> tuple[str, list[Path]]:
    """The format of the tables of a data set, and its files of that format."""
    files = data_files(folder, name)
    if form is not None:
        chosen = with_ending(files, form)
        return form, chosen or [file for file in files if file.name not in BESIDE]
    for found in ENDINGS:
        chosen = [file for file in with_ending(files, found) if file.name not in BESIDE]
        if chosen:
            return found, chosen
    known = ", ".join(ending for endings in ENDINGS.values() for ending in endings)
    raise StageError(
        "DataInvalid",
        f'The data set "{name}" has no table: its files are {listed([file.name for file in files])}, and tables '
        f"end in {known}. Say what they are in spec.prepare.format, or give other files.",
    )


def with_ending(files: list[Path], form: str) -> list[Path]:
    """The files of one format."""
    return [file for file in files if file.name.lower().endswith(ENDINGS[form])]


def load_frame(folder: Path, name: str, form: str | None = None, typed: bool = True) -> pd.DataFrame:
    """The table of a data set: all its files of one format, one below the other. Missing values are None or NaN.

    With `typed`, columns in which all values are numbers hold numbers; else texts stay as they were written.
    """
    import pandas as pd

    form, files = table_files(folder, name, form)
    frames = [read_table(file, form, name) for file in files if file.stat().st_size > 0]
    first = list(frames[0].columns)
    for file, frame in zip(files, frames, strict=False):
        if set(frame.columns) != set(first):
            raise StageError(
                "DataInvalid",
                f'The files of the data set "{name}" have different columns: {files[0].name} has {listed(first)}, '
                f"{file.name} has {listed(list(frame.columns))}. Give them the same columns.",
            )
    frame = pd.concat(frames, ignore_index=True)[first]
    if len(frame) == 0:
        raise StageError("DataEmpty", f'The data set "{name}" has columns but no rows; check the uri in spec.data.')
    return numbers_where_possible(frame) if typed else frame


def numbers_where_possible(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with numbers in the columns whose values all are."""
    import pandas as pd

    frame = frame.copy()
    for column in frame.columns:
        if frame[column].dtype == object:
            parsed = pd.to_numeric(frame[column], errors="coerce")
            if parsed.notna().equals(frame[column].notna()) and parsed.notna().any():
                frame[column] = parsed
    return frame


def read_table(file: Path, form: str, name: str) -> pd.DataFrame:
    """One file as a table; refuses what cannot be read, or has two columns of one name."""
    readers: dict[str, Callable[[Path], pd.DataFrame]] = {
        "csv": read_csv,
        "tsv": read_csv,
        "parquet": read_parquet,
        "jsonl": read_jsonl,
        "json": read_json,
        "npz": read_npz,
    }
    try:
        frame = readers[form](file)
    except StageError:
        raise
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())[:200].replace(str(file), file.name)
        raise StageError(
            "DataInvalid",
            f'{file.name} of the data set "{name}" cannot be read as {form}: {reason}. '
            "Mend the file, or say what it is in spec.prepare.format.",
        ) from error
    frame.columns = [str(column).strip() for column in frame.columns]
    repeated = sorted({column for column in frame.columns if list(frame.columns).count(column) > 1})
    if repeated:
        raise StageError(
            "DataInvalid",
            f'{file.name} of the data set "{name}" has more than one column {listed(repeated)}; '
            "give each a name of its own.",
        )
    return frame


def read_csv(file: Path) -> pd.DataFrame:
    """Comma, semicolon or tab between the values: whichever the first line has. All values stay texts."""
    import pandas as pd

    text = read_text(file)
    first = text.split("\n", 1)[0]
    if first.lstrip().lower().startswith(("<!doctype", "<html", "<?xml")):
        raise ValueError("it is a web page, not a table")
    separator = max(",;\t", key=first.count)
    # Without a header, pandas keeps the names as they are, and two of one name are seen.
    frame = pd.read_csv(
        io.StringIO(text),
        sep=separator,
        header=None,
        dtype=str,
        keep_default_na=False,
        na_filter=False,
        skip_blank_lines=True,
    )
    frame.columns = frame.iloc[0].tolist()
    frame = frame.iloc[1:].reset_index(drop=True).astype(object)
    return frame.apply(lambda column: column.map(missing_to_none))


def missing_to_none(value: str) -> str | None:
    """A text without the white space around it; None for what means "no value"."""
    text = value.strip() if isinstance(value, str) else value
    return None if text is None or text in MISSING else text


def read_text(file: Path) -> str:
    """The text of a file, which may be compressed."""
    content = gzip.decompress(file.read_bytes()) if file.name.endswith(".gz") else file.read_bytes()
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 (byte {error.start}); save it as UTF-8") from error


def read_parquet(file: Path) -> pd.DataFrame:
    """A Parquet file."""
    import pandas as pd

    frame = pd.read_parquet(file)
    return frame.reset_index() if frame.index.name else frame


def read_jsonl(file: Path) -> pd.DataFrame:
    """One object a line."""
    import json

    return records([json.loads(line) for line in read_text(file).splitlines() if line.strip()])


def read_json(file: Path) -> pd.DataFrame:
    """A list of objects, or one object of columns."""
    import json

    content = json.loads(read_text(file))
    if isinstance(content, dict) and "data" in content and not isinstance(content["data"], str):
        content = content["data"]
    if isinstance(content, dict):
        lengths = {len(values) if isinstance(values, list) else None for values in content.values()}
        if len(lengths) != 1 or None in lengths:
            raise ValueError("an object of columns needs lists of one length")
        content = [dict(zip(content, row, strict=True)) for row in zip(*content.values(), strict=True)]
    return records(content)


def records(rows: Any) -> pd.DataFrame:
    """Objects as rows; what is in them has to be a text, a number or a boolean."""
    import pandas as pd

    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("it should hold objects, one for each row")
    for index, row in enumerate(rows):
        for column, value in row.items():
            if isinstance(value, dict | list):
                raise ValueError(f'row {index + 1} has a list or an object in "{column}"; give it plain values')
    frame = pd.DataFrame.from_records(rows)
    for column in frame.select_dtypes(object).columns:
        frame[column] = frame[column].map(missing_to_none, na_action="ignore")
    return frame


def read_npz(file: Path) -> pd.DataFrame:
    """Arrays of numpy: one of one dimension is a column, one of two gives the columns NAME_0, NAME_1, …"""
    import numpy as np
    import pandas as pd

    columns: dict[str, Any] = {}
    # Without pickle, which would run whatever the file holds.
    with np.load(file, allow_pickle=False) as arrays:
        for name in arrays.files:
            values = arrays[name]
            if values.ndim == 1:
                columns[name] = values
            elif values.ndim == 2:
                columns.update({f"{name}_{index}": values[:, index] for index in range(values.shape[1])})
            else:
                raise ValueError(f'the array "{name}" has {values.ndim} dimensions; a table takes 1 or 2')
    return pd.DataFrame(columns)


def listed(names: list[str], most: int = 12) -> str:
    """Names for a message, cut to the first few."""
    shown = ", ".join(f'"{name[:60]}"' for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
