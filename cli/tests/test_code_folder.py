from __future__ import annotations

from pathlib import Path

import pytest

from aimass_cli.exits import UsageError
from aimass_cli.training.code_folder import Code, read_code
from aimass_cli.training.code_map import build_code_map, owned_by

MIB = 1024 * 1024


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "net"
    made.mkdir()
    (made / "train.py").write_text("print(1)\n")
    return made


def _put(folder: Path, name: str, content: str | bytes = "x") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_what_is_no_code_is_left_out(folder: Path) -> None:
    for name in (
        *(
            ".git/config",
            ".env",
            ".venv/lib/a.py",
            "__pycache__/train.pyc",
            "old.pyc",
            "env/pyvenv.cfg",
            "env/lib/a.py",
        ),
        *("net.egg-info/PKG-INFO", "job.yaml", "Containerfile", "Dockerfile"),
    ):
        _put(folder, name)
    _put(folder, "small.csv", "a,b\n1,2\n")
    _put(folder, "rows.csv", b"1" * (64 * 1024 + 1))
    _put(folder, "data/images/one.png", b"1" * (64 * 1024 + 1))
    code = read_code(folder)
    assert set(code.files) == {"train.py", "small.csv"}
    assert code.left_out == ["rows.csv (64 KiB)", "data/images/one.png (64 KiB)"]


def test_the_manifest_that_was_named_is_no_code(folder: Path) -> None:
    other = _put(folder, "other.yaml")
    assert set(read_code(folder, spec_file=other).files) == {"train.py"}


def test_aimassignore_is_written_as_a_gitignore(folder: Path) -> None:
    for name in ("notes.txt", "keep.txt", "tests/test_net.py", "a/b/deep.py"):
        _put(folder, name)
    _put(folder, ".aimassignore", "*.txt\n!keep.txt\ntests/\n/a\n")
    assert set(read_code(folder).files) == {"train.py", "keep.txt"}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("net/layers.py", "x", r"files in folders \(net/layers.py\).*--build REF"),
        ("a b.py", "x", r"'a b.py' cannot be sent: .*rename it"),
        ("words.txt", b"x" * MIB, r"'net' has 1 MiB, and a ConfigMap holds 1 MiB; the largest: words.txt 1 MiB"),
    ],
)
def test_what_a_config_map_cannot_hold_is_refused(folder: Path, name: str, content: str | bytes, says: str) -> None:
    _put(folder, name, content)
    with pytest.raises(UsageError, match=says):
        read_code(folder)


def test_exactly_what_fits_is_taken(folder: Path) -> None:
    _put(folder, "words.txt", b"x" * (MIB - len("print(1)\n")))
    assert set(read_code(folder).files) == {"train.py", "words.txt"}


def test_a_link_that_leads_outside_is_refused(folder: Path, tmp_path: Path) -> None:
    secret = _put(tmp_path, "secret")
    (folder / "secret.py").symlink_to(secret)
    with pytest.raises(UsageError, match=r"link to a file outside of 'net'"):
        read_code(folder)
    (folder / "secret.py").unlink()
    (folder / "main.py").symlink_to(folder / "train.py")
    assert read_code(folder).files["main.py"] == b"print(1)\n"


def test_a_link_that_leads_nowhere_is_refused(folder: Path) -> None:
    (folder / "gone.py").symlink_to(folder / "nothing")
    with pytest.raises(UsageError, match=r"cannot read 'gone.py'"):
        read_code(folder)


def test_other_code_has_another_name() -> None:
    one = build_code_map("net", Code({"a.py": b"1", "b.bin": b"\xff"}))
    assert one["data"] == {"a.py": "1"}
    assert one["binaryData"] == {"b.bin": "/w=="}
    assert one["immutable"] is True
    names = {
        build_code_map("net", Code(files))["metadata"]["name"]
        for files in ({"a.py": b"1"}, {"a.py": b"2"}, {"b.py": b"1"}, {"a.py": b"", "1": b""}, {"a.py1": b""})
    }
    assert len(names) == 5
    same = build_code_map("net", Code({"b.bin": b"\xff", "a.py": b"1"}))
    assert same["metadata"]["name"] == one["metadata"]["name"]


def test_the_code_belongs_to_the_job() -> None:
    job = {"apiVersion": "aimass.dev/v1alpha1", "kind": "TrainingJob", "metadata": {"name": "net", "uid": "u"}}
    (owner,) = owned_by(job, build_code_map("net", Code({"a.py": b"1"})))["metadata"]["ownerReferences"]
    assert owner == {"apiVersion": "aimass.dev/v1alpha1", "kind": "TrainingJob", "name": "net", "uid": "u"}
