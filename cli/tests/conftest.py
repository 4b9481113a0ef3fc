from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from real_servers import Api

pytest_plugins = ["real_servers"]


class Cli:
    """Runs the installed command, as a person would."""

    def __init__(self, home: Path) -> None:
        self.bin = Path(sys.executable).parent
        path = f"{self.bin}:{os.environ['PATH']}"
        self.env = {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "COLUMNS": "200"}

    def __call__(
        self, *args: object, stdin: bytes = b"", timeout: float = 120, **env: str
    ) -> subprocess.CompletedProcess[str]:
        command = [self.bin / "aimass", *map(str, args)]
        done = subprocess.run(
            command, input=stdin, capture_output=True, env={**self.env, **env}, timeout=timeout, check=False
        )
        return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *args: object) -> subprocess.Popen[str]:
        """Starts the command, and leaves it to run."""
        command = [self.bin / "aimass", *map(str, args)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**self.env, "PYTHONUNBUFFERED": "1"})

    def kubectl(self, *args: str) -> None:
        """Changes the cluster past the command line."""
        from real_servers import BIN  # a plugin of pytest: not to be imported before it is loaded as such

        subprocess.run([BIN / "kubectl", *args], env=self.env, capture_output=True, timeout=60, check=True)


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """The first line with that text."""
    assert process.stdout
    # A program that says nothing more is ended, so that reading ends too.
    guard = threading.Timer(30, process.kill)
    guard.start()
    try:
        for line in process.stdout:
            if text in line:
                return line
        raise AssertionError(f"the program ended without {text!r}")
    finally:
        guard.cancel()


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


@pytest.fixture
def net(tmp_path: Path) -> Path:
    """A folder with a program that trains nothing."""
    folder = tmp_path / "Net"
    folder.mkdir()
    (folder / "train.py").write_text("print('epoch=1 epochs=1 loss=0.5')\n")
    return folder


@pytest.fixture
def training_shop(cli: Cli, api: Api) -> Iterator[Cli]:
    """The command line beside the API server; what it makes for training is removed."""
    cli.env["KUBECONFIG"] = api.kubeconfig
    yield cli
    api.kubectl("delete", "trainingjobs,configmaps", "--all", "-n", "shop", "--wait=false")
