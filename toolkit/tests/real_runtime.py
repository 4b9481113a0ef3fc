"""The runtime that serves, as the judge of what was converted."""

import json
import pathlib
import shutil
import subprocess

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def verify(space, task):
    """Fetches and verifies the converted model, as its Model's Job does; all golden examples have to pass."""
    if not (REPOSITORY / "runtime/main.ts").exists() or not shutil.which("node"):
        pytest.skip("needs the runtime")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.strip("v").split(".")[0]) < 24:
        pytest.skip("needs Node 24 (node_modules/.bin on PATH)")
    models, log, golden = space.root / "models", space.root / "runtime-log", space.root / "converted/golden.json"
    fetch = ["fetch", "--uri", "pvc://claim/converted/model.onnx", "--claim-dir", space.root, "--into", models]
    check = ["verify", "--models-dir", models, "--task", task, "--golden", golden, "--seconds", "1"]
    for role in (fetch, check):
        command = ["node", "runtime/main.ts", *role, "--termination-log", log]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)
        report = json.loads(log.read_text())
        assert done.returncode == 0, report
    assert report["report"]["golden"]["passed"] == len(space.json("converted/golden.json")["examples"])
