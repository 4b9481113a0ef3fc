"""What a model was made of, for its card: the data sets, and the Models that training started or learned from."""

from __future__ import annotations

import hashlib
from pathlib import Path

from .document import Document
from .files import hidden
from .json_file import read_json

#: What the fetch role leaves in a folder: the digest of what it fetched, as status records it.
FETCHED = ".fetched.json"
MODELS = {"base_model": "Started from the base Model", "teacher_model": "Learned from the teacher Model"}


def data_lines(document: Document) -> list[str]:
    """Each data set with its size and digest."""
    lines = []
    for name in document.data:
        files = files_in(document.paths.data(name))
        if files:
            many = "1 file" if len(files) == 1 else f"{len(files)} files"
            lines.append(f"`{name}`: {many}, `{digest_in(document.paths.data(name), files)}`")
    return lines


def model_lines(document: Document) -> list[str]:
    """The base Model and the teacher Model with their digests, as far as there are any."""
    lines = []
    for name, words in MODELS.items():
        folder = getattr(document.paths, name)
        files = files_in(folder)
        if files:
            lines.append(f"{words} `{digest_in(folder, files)}`.")
    return lines


def files_in(folder: Path) -> list[Path]:
    """The files of a folder in order; hidden ones do not count."""
    return sorted(one for one in folder.rglob("*") if one.is_file() and not hidden(one.relative_to(folder)))


def digest_in(folder: Path, files: list[Path]) -> str:
    """The digest that was verified when the folder was fetched; computed where nothing was recorded."""
    return read_json(folder / FETCHED).get("digest") or f"sha256:{digest_of(folder, files)}"


def digest_of(folder: Path, files: list[Path]) -> str:
    """The digest of one file; of several, that of the list of their digests and names."""
    digests = [hashlib.file_digest(file.open("rb"), "sha256").hexdigest() for file in files]
    if len(files) == 1:
        return digests[0]
    lines = "".join(f"{digest}  {file.relative_to(folder)}\n" for digest, file in zip(digests, files, strict=True))
    return hashlib.sha256(lines.encode()).hexdigest()
