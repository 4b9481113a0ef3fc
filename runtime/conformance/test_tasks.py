"""huggingface_hub's and openai's own clients, against the task endpoints."""

import subprocess
import sys
from pathlib import Path

from server import ROOT, Served

CHECKS = ROOT / "runtime" / "tasks" / "reference"
IMAGES = ROOT / "runtime" / "testdata" / "tasks" / "images"


def run(script: str, *args: str | Path) -> None:
    done = subprocess.run(
        [sys.executable, CHECKS / script, *args], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all right" in done.stdout


def test_huggingface_hub(task_server: Served) -> None:
    run("hf_client_check.py", task_server.url, IMAGES)


def test_openai(task_server: Served) -> None:
    run("openai_client_check.py", task_server.url)
