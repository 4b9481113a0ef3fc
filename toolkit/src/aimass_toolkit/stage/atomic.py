"""Folders that are there whole or not at all, so that a killed stage leaves nothing half-written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PART = ".part"


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Gives a folder to write into, which takes the place of the target when the block ends without an exception."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if is_mount(target):
        with into_mount(target) as part:
            yield part
        return
    part = target.with_name(f".{target.name}{PART}")
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    yield part
    sync(part)
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    part.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def is_mount(target: Path) -> bool:
    """Whether something is mounted there: also a folder of the same volume, which `Path.is_mount` does not see."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return target.is_mount()
    wanted = str(target.resolve()).replace("\\", "\\134").replace(" ", "\\040")
    return any(line.split(" ")[4] == wanted for line in lines)


@contextmanager
def into_mount(target: Path) -> Iterator[Path]:
    """A mount point cannot be renamed: its files are moved in one by one, each whole."""
    part = target / PART
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    yield part
    sync(part)
    names = {file.name for file in part.iterdir()}
    for old in target.iterdir():
        if old != part and old.name not in names:
            remove(old)
    for file in sorted(part.iterdir()):
        remove(target / file.name) if file.is_dir() else None
        file.rename(target / file.name)
    part.rmdir()


def remove(path: Path) -> None:
    """Removes a file or a folder that may be gone."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sync(folder: Path) -> None:
    """Puts the files on the disk before a rename tells that they are there."""
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())


def write_whole(file: Path, text: str) -> None:
    """Writes one file, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}{PART}")
    part.write_text(text, encoding="utf-8")
    part.replace(file)
