"""The output of trials that lost makes room."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def remove_lost_trials(root: Path) -> int:
    """Removes the folders of all trials but AIMASS_KEEP_TRIAL; without it, none. Gives how many there were."""
    keep = os.environ.get("AIMASS_KEEP_TRIAL", "")
    folder = Path(os.environ.get("AIMASS_TRIALS_ROOT") or root / "trials")
    if not keep.isdigit() or not folder.is_dir():
        return 0
    lost = [one for one in folder.iterdir() if one.name.isdigit() and int(one.name) != int(keep) and is_folder(one)]
    for one in lost:
        shutil.rmtree(one, ignore_errors=True)
    return len(lost)


def is_folder(path: Path) -> bool:
    """Whether it is a folder itself, and no link to one elsewhere."""
    return path.is_dir() and not path.is_symlink()
