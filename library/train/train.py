#!/usr/bin/env python3
"""Trains the entries of the library on the data sets that scikit-learn ships.

    library/train/train.py                 train all entries and write their files
    library/train/train.py --name digits   one entry only
    library/train/train.py --check         train again, write nothing, compare with what is committed

Needs Python 3.11 or newer and nothing else: it makes a virtual environment with the pinned requirements in
${AIMASS_CACHE:-$HOME/.cache/aimass}/venv and runs itself there. After a change run `node library/generate.ts`,
which computes the digests and writes the manifests.
"""

import argparse
import hashlib
import os
import pathlib
import subprocess
import sys
import venv

HERE = pathlib.Path(__file__).resolve().parent
LIBRARY = HERE.parent
REQUIREMENTS = HERE / "requirements.txt"


def environment_folder() -> pathlib.Path:
    """The virtual environment of exactly these requirements and this Python."""
    cache = pathlib.Path(os.environ.get("AIMASS_CACHE") or pathlib.Path.home() / ".cache" / "aimass")
    key = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:12]
    return cache / "venv" / f"library-{key}"


def enter_environment() -> None:
    """Replaces this process by itself in the virtual environment, which is made first when it is missing."""
    folder = environment_folder()
    if pathlib.Path(sys.prefix).resolve() == folder.resolve():
        return
    python = folder / "bin" / "python"
    complete = folder / "complete"
    if not complete.exists():
        print(f"making {folder} (about a minute)", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--requirement", REQUIREMENTS], check=True)
        complete.touch()
    # Threads change the order of additions, and with it the last bits of what is learned.
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    os.execve(python, [str(python), *sys.argv], {**os.environ, **one_thread})


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--check", action="store_true", help="compare with what is committed, write nothing")
    arguments.add_argument("--name", action="append", help="only this entry (may be repeated)")
    options = arguments.parse_args()
    enter_environment()

    import run  # noqa: PLC0415 - its imports exist in the virtual environment only

    return run.check(LIBRARY, options.name) if options.check else run.train(LIBRARY, options.name)


if __name__ == "__main__":
    sys.exit(main())
