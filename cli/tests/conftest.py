from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["real_servers"]


class Cli:
    """Runs the installed command, as a person would."""

    def __init__(self, home: Path) -> None:
        self.bin = Path(sys.executable).parent
        path = f"{self.bin}:{os.environ['PATH']}"
        self.env = {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "COLUMNS": "200"}

    def __call__(self, *args: object, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[str]:
        command = [self.bin / "aimass", *map(str, args)]
        done = subprocess.run(
            command, input=stdin, capture_output=True, env={**self.env, **env}, timeout=120, check=False
        )
        return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)
