"""Without `spec.prepare`: every data set has files, and they are not empty."""

from __future__ import annotations

from typing import Any

from aimass_toolkit.stage.document import Document
from aimass_toolkit.stage.files import data_files

MAX_NOTES = 10


def check(document: Document) -> dict[str, Any]:
    """The size of each data set. Refuses one that is missing or holds nothing."""
    notes = []
    for name in document.data:
        files = data_files(document.paths.data(name), name)
        size = sum(file.stat().st_size for file in files)
        notes.append(f"{name}: {len(files)} {'file' if len(files) == 1 else 'files'}, {in_units(size)}")
    print("\n".join(notes), flush=True)
    return {"rows": {}, "columns": 0, "notes": notes[:MAX_NOTES]}


def in_units(size: float) -> str:
    """A number of bytes for people."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
