"""The work space keeps the last runs; the folders of older ones make room."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from aimass_toolkit.stage.document import Document

FOLDER = re.compile(r"run-(\d+)")


def remove_old_runs(document: Document) -> list[str]:
    """Removes the folders of runs before this one that are not to be kept. Without AIMASS_RUNS_ROOT, none."""
    root = os.environ.get("AIMASS_RUNS_ROOT")
    if not root or not document.keep_runs:
        return []
    removed = []
    for folder in sorted(Path(root).iterdir()):
        match = FOLDER.fullmatch(folder.name)
        if match is None or folder.is_symlink() or not folder.is_dir():
            continue
        number = int(match.group(1))
        if number < document.run and number not in document.keep_runs:
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder.name)
    return removed
