"""From a folder to the files that are sent as code."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import GitIgnoreSpec

from ..exits import UsageError
from ..overview import size

IGNORE_FILE = ".aimassignore"
BUILD_FILES = ("Containerfile", "Dockerfile")
_CONFIG_MAP_BYTES = 1024 * 1024
_DATA_BYTES = 64 * 1024
_KEY = re.compile(r"^[-._a-zA-Z0-9]{1,253}$")
_SKIPPED_FOLDERS = ("__pycache__", "node_modules")
_SKIPPED_FILES = ("job.yaml", *BUILD_FILES)
_TABLES = (".arrow", ".csv", ".db", ".feather", ".ipynb", ".jsonl", ".orc", ".parquet", ".sqlite", ".tsv")
_MEDIA = (".bmp", ".gif", ".jpeg", ".jpg", ".mp3", ".mp4", ".pdf", ".png", ".tiff", ".wav")
_ARRAYS = (".h5", ".hdf5", ".npy", ".npz", ".pickle", ".pkl", ".tfrecord")
_MODELS = (".bin", ".joblib", ".keras", ".onnx", ".pb", ".pt", ".pth", ".safetensors")
_ARCHIVES = (".bz2", ".gz", ".tar", ".tgz", ".whl", ".xz", ".zip", ".zst")
_DATA_ENDINGS = frozenset((*_TABLES, *_MEDIA, *_ARRAYS, *_MODELS, *_ARCHIVES))


@dataclass(frozen=True)
class Code:
    """Files by name, and what was left out of them because it looks like data."""

    files: dict[str, bytes]
    left_out: list[str] = field(default_factory=list)


def read_code(folder: Path, *, spec_file: Path | None = None) -> Code:
    """Read the code of a folder, flat and within what a ConfigMap holds.

    Args:
        folder: The folder.
        spec_file: The manifest of the job, which is no code.

    Raises:
        UsageError: there are folders in it, it is too large, or a file has a name that a ConfigMap cannot hold.
    """
    files: dict[str, bytes] = {}
    nested: list[str] = []
    left_out: list[str] = []
    for name, path in wanted_files(folder):
        if spec_file is not None and path.resolve() == spec_file.resolve():
            continue
        if is_data(path):
            left_out.append(f"{name} ({size(path.stat().st_size)})")
        elif "/" in name:
            nested.append(name)
        else:
            _check_name(name)
            files[name] = _read(path, folder)
    _check_flat(folder, nested)
    _check_size(folder, files)
    return Code(files, left_out)


def wanted_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files of a folder and all below, by name, without what is hidden, generated or ignored."""
    ignored = _ignored(folder)
    for at, folders, names in os.walk(folder):
        here = Path(at)
        folders[:] = sorted(name for name in folders if not _is_skipped_folder(here / name))
        for name in sorted(names):
            path = here / name
            relative = path.relative_to(folder).as_posix()
            if name.startswith(".") or name.endswith(".pyc") or relative in _SKIPPED_FILES:
                continue
            if not ignored.match_file(relative):
                yield relative, path


def is_data(path: Path) -> bool:
    """Whether a file looks like data rather than code, and is not small."""
    return path.suffix.lower() in _DATA_ENDINGS and path.stat().st_size > _DATA_BYTES


def _ignored(folder: Path) -> GitIgnoreSpec:
    path = folder / IGNORE_FILE
    if not path.is_file():
        return GitIgnoreSpec.from_lines([])
    try:
        return GitIgnoreSpec.from_lines(path.read_text(encoding="utf-8").splitlines())
    except ValueError as error:
        raise UsageError(f"{IGNORE_FILE} is not written as a .gitignore: {error}") from error


def _is_skipped_folder(path: Path) -> bool:
    name = path.name
    is_generated = name in _SKIPPED_FOLDERS or name.endswith(".egg-info") or (path / "pyvenv.cfg").exists()
    return name.startswith(".") or is_generated


def _read(path: Path, folder: Path) -> bytes:
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UsageError(
            f"{path.name!r} is a link to a file outside of {folder.name!r}; put a copy there, or name it in "
            f"{IGNORE_FILE}"
        )
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path.name!r}: {error.strerror or error}") from error


def _check_name(name: str) -> None:
    if not _KEY.match(name):
        raise UsageError(
            f"{name!r} cannot be sent: a ConfigMap takes names of letters, digits, '-', '_' and '.'; "
            f"rename it, or name it in {IGNORE_FILE}"
        )


def _check_flat(folder: Path, nested: list[str]) -> None:
    if nested:
        raise UsageError(
            f"{folder.name!r} has files in folders ({_some(nested)}), and a ConfigMap holds only files of one folder: "
            f"put them beside the program, name what it does not need in {IGNORE_FILE}, or make an image of all with "
            "--build REF"
        )


def _check_size(folder: Path, files: dict[str, bytes]) -> None:
    total = sum(len(content) for content in files.values())
    if total > _CONFIG_MAP_BYTES:
        largest = sorted(files, key=lambda name: -len(files[name]))[:3]
        named = [f"{name} {size(len(files[name]))}" for name in largest]
        raise UsageError(
            f"the code in {folder.name!r} has {size(total)}, and a ConfigMap holds {size(_CONFIG_MAP_BYTES)}; the "
            f"largest: {_some(named)}. Name in {IGNORE_FILE} what the program does not need, give data with "
            "--data NAME=URI, or make an image of all with --build REF"
        )


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
