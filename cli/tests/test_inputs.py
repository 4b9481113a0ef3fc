from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aimass_cli.exits import UsageError
from aimass_cli.inputs import FileInput, TextInput, read_input, read_table
from aimass_cli.overview import percent, size
from aimass_cli.render import plain, short


def _read(**given: Any) -> Any:
    return read_input(**{"files": [], "table": None, "document": None, "texts": [], "columns": None, **given})


def test_cells_become_numbers_texts_and_gaps() -> None:
    table = read_table('a,b,c\n1,0.5,"x, y"\n-2,1e3,\n', "t", None)
    assert table == {"a": [1, -2], "b": [0.5, 1000.0], "c": ["x, y", None]}
    assert read_table("a\n1_0\nnan\n007\n", "t", None) == {"a": ["1_0", "nan", 7]}
    assert read_table("a,b\n1,2\n", "t", "b") == {"b": [2]}


@pytest.mark.parametrize(
    ("text", "columns", "says"),
    [
        ("", None, "is empty"),
        ("a,b\n", None, "no rows"),
        ("a,b\n1,2\n1\n", None, "line 3 has 1 cells; the head has 2"),
        ("a,a\n1,2\n", None, "two columns named 'a'"),
        ("1,2\n3,4\n", None, "begins with numbers"),
        ('a\n"1\n', None, "line"),
        ("a\n1\n", "b", "no column 'b'; it has a"),
        ("a\n1\n", ",", "no column"),
    ],
)
def test_tables_that_are_none_are_refused(text: str, columns: str | None, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read_table(text, "rows.csv", columns)


def test_files_are_told_by_their_names(tmp_path: Path) -> None:
    csv, document, array = tmp_path / "t.csv", tmp_path / "t.json", tmp_path / "t.npy"
    csv.write_bytes(b"\xef\xbb\xbfa\n1\n")
    document.write_text("[[1]]")
    np.save(array, np.ones((2, 2)))
    assert _read(files=[str(csv)]).columns == {"a": [1]}
    assert _read(files=[str(document)]).body == [[1]]
    (read,) = _read(files=[str(array)]).items
    assert read.tolist() == [[1, 1], [1, 1]]
    assert _read(texts=["a", "b"]) == TextInput(["a", "b"])
    (tmp_path / "i.png").write_bytes(b"x")
    assert _read(files=[str(tmp_path / "i.png")]) == FileInput([str(tmp_path / "i.png")], [b"x"])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "give an input"),
        ({"files": ["a"], "table": "b"}, "INPUT and --csv do not go together"),
        ({"files": ["no-such-file"]}, "cannot read 'no-such-file': No such file"),
        ({"files": ["."]}, "Is a directory"),
        ({"texts": ["a"], "columns": "b"}, "--columns goes with --csv"),
        ({"texts": ["-", "a"]}, "stands alone"),
    ],
)
def test_wrong_use_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        _read(**given)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"\xff\xfe", "not UTF-8"),
        ("a.json", b"{", "not JSON"),
        ("a.json", b"[" * 100_000, "JSON|deep"),
        ("a.npy", b"nothing", "no .npy file"),
        ("a.png", b"", "is empty"),
    ],
)
def test_files_that_are_not_what_they_say_are_refused(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=says):
        _read(files=[str(tmp_path / name)])


def test_arrays_of_objects_are_not_unpickled(tmp_path: Path) -> None:
    out = io.BytesIO()
    np.save(out, np.array([{"a": 1}], object), allow_pickle=True)
    (tmp_path / "a.npy").write_bytes(out.getvalue())
    with pytest.raises(UsageError, match=r"no \.npy file of numbers"):
        _read(files=[str(tmp_path / "a.npy")])


def test_values_for_json_and_for_people() -> None:
    given = {"a": np.array([1.5, np.nan, np.inf]), "b": b"\xff", "c": np.int64(2**60), "d": None}
    assert plain(given) == {"a": [1.5, "NaN", "Infinity"], "b": "\\xff", "c": 2**60, "d": None}
    assert short(np.arange(12)) == "0, 1, 2, 3, 4, 5, 6, 7, … (12)  int64[12]"
    assert (short(0.123456), short(None)) == ("0.1235", "")
    assert [size(n) for n in (None, 12, 5 * 1024, 3 * 1024**4)] == [None, "12 B", "5 KiB", "3 TiB"]
    assert (percent(0.0125), percent(None)) == ("1.25 %", None)
