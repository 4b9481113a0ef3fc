"""The files of a data entry: a folder, or one archive in it, which is read where it lies."""

import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..problem import refuse

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
MOST_BYTES = 256 * 1024**2


@dataclass(frozen=True)
class DataFile:
    """A file by its path within the entry."""

    path: PurePosixPath
    read: Callable[[], bytes]


def files_of(folder: Path, entry: str) -> list[DataFile]:
    """All files of an entry, sorted by path. Hidden files and those that say how they were fetched are left out."""
    if not folder.is_dir():
        refuse("DataMissing", f"data entry {entry!r} is not there; give spec.data an entry of that name.")
    files = list(plain_files(folder))
    for archive in [file for file in files if file.path.name.lower().endswith(ARCHIVES)]:
        files.remove(archive)
        files.extend(archive_files(folder / archive.path, entry))
    if not files:
        refuse("DataEmpty", f"data entry {entry!r} has no files; check its uri.")
    return sorted(files, key=lambda file: natural(str(file.path)))


def plain_files(folder: Path) -> Iterator[DataFile]:
    """The files of a folder."""
    for path in folder.rglob("*"):
        relative = PurePosixPath(path.relative_to(folder).as_posix())
        if path.is_file() and is_wanted(relative):
            yield DataFile(relative, lambda path=path: read_limited(path))


def is_wanted(path: PurePosixPath) -> bool:
    """Whether a file is data."""
    return not any(part.startswith((".", "__MACOSX")) for part in path.parts)


def read_limited(path: Path) -> bytes:
    """The content of a file of moderate size."""
    if path.stat().st_size > MOST_BYTES:
        refuse(
            "DataInvalid",
            f"{path.name} has {path.stat().st_size} bytes; at most {MOST_BYTES} are read of one file. Split it.",
        )
    return path.read_bytes()


def archive_files(path: Path, entry: str) -> list[DataFile]:
    """The members of an archive. Nothing is unpacked to the disk."""
    try:
        return zip_files(path) if path.name.lower().endswith(".zip") else tar_files(path)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError) as error:
        refuse(
            "DataInvalid", f"{path.name} of data entry {entry!r} cannot be read as an archive ({error}); pack it again."
        )


def zip_files(path: Path) -> list[DataFile]:
    """The members of a ZIP archive."""
    archive = zipfile.ZipFile(path)
    members = [member for member in archive.infolist() if not member.is_dir()]
    return [
        DataFile(PurePosixPath(member.filename), lambda member=member: archive.open(member).read(MOST_BYTES))
        for member in members
        if is_wanted(PurePosixPath(member.filename))
    ]


def tar_files(path: Path) -> list[DataFile]:
    """The members of a tar archive."""
    archive = tarfile.open(path)  # noqa: SIM115 (its members are read later)
    members = [member for member in archive.getmembers() if member.isfile()]
    return [
        DataFile(PurePosixPath(member.name), lambda member=member: archive.extractfile(member).read(MOST_BYTES))
        for member in members
        if is_wanted(PurePosixPath(member.name))
    ]


def natural(text: str) -> list:
    """A sort key that puts 10 after 9."""
    parts, digits = [], ""
    for character in text + "\0":
        if character.isascii() and character.isdigit():
            digits += character
            continue
        if digits:
            parts.append((0, int(digits), ""))
            digits = ""
        parts.append((1, 0, character))
    return parts
