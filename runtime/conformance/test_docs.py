"""The curl and Python examples of the documents, run as they are written; only the address is another."""

import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from server import ROOT, Served

PAGES = ["standalone.md", "reference/protocol.md", "reference/async.md", "reference/task-contracts.md"]
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ADDRESS = "localhost:8080"


def examples() -> list[pytest.param]:
    found = []
    for page in PAGES:
        text = (ROOT / "docs" / page).read_text()
        for match in BLOCK.finditer(text):
            language, code = match.groups()
            if language == "sh":
                # The command line has tests of its own, and the server runs already.
                code = re.sub(r"^(aimass|node) .*\n", "", code, flags=re.MULTILINE)
            if ADDRESS in code:
                line = text.count("\n", 0, match.start()) + 2
                found.append(pytest.param(language, code, id=f"{page}:{line}"))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the examples read: files of the project and of the reader."""
    (tmp_path / "library").symlink_to(ROOT / "library")
    shutil.copy(ROOT / "library" / "digits" / "sample-request.json", tmp_path / "request.json")
    shutil.copy(ROOT / "runtime" / "testdata" / "tasks" / "images" / "grey.png", tmp_path / "digit.png")
    # An error of the server is one of curl, and nothing waits for ever.
    (tmp_path / ".curlrc").write_text("fail-with-body\nshow-error\nsilent\nmax-time = 60\n")
    return tmp_path


@pytest.mark.parametrize(("language", "code"), examples())
def test_example(task_server: Served, folder: Path, language: str, code: str) -> None:
    start = ["bash", "-euo", "pipefail", "-c"] if language == "sh" else [sys.executable, "-c"]
    done = subprocess.run(
        [*start, code.replace(ADDRESS, task_server.http)],
        cwd=folder,
        env={**os.environ, "CURL_HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if "/unload" in code:
        # The other examples ask this model too.
        again = urllib.request.Request(f"{task_server.url}/v2/repository/models/iris/load", method="POST")
        urllib.request.urlopen(again, timeout=60).close()
    assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
    assert '"error"' not in done.stdout
