"""A work space of its own for each test, in which real roles run as processes of their own."""

import contextlib
import importlib
import io
import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

SOURCE = pathlib.Path(__file__).resolve().parent.parent / "src"


def in_a_process(role, environment):
    """Runs a role as its container does; gives the exit code and what it printed."""
    command = [sys.executable, "-m", "aimass_toolkit", role]
    everything = {**os.environ, "PYTHONPATH": str(SOURCE), **environment}
    process = subprocess.run(command, env=everything, capture_output=True, text=True, timeout=600, check=False)
    return process.returncode, process.stdout + process.stderr


def in_this_process(role, environment):
    """Runs the same code without a process of its own."""
    output, before = io.StringIO(), dict(os.environ)
    terminate = signal.getsignal(signal.SIGTERM)
    os.environ.update(environment)
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            code = importlib.import_module(f"aimass_toolkit.{role}").main([])
    finally:
        signal.signal(signal.SIGTERM, terminate)
        os.environ.clear()
        os.environ.update(before)
    return code, output.getvalue()


class Workspace:
    """A folder as /aimass is in a pod, and a stage document."""

    def __init__(self, root, **document):
        self.root = root
        self.document = {"job": "trial", "namespace": "test", "run": 1, **document}
        self.environment = {}
        # A process of its own is what happens in a pod; the same code in this one starts faster.
        self.is_process = False

    def data(self, name, frame_or_text, file="table.csv"):
        """Puts a table (or a text, or bytes) into a data set, and names it in the document."""
        path = self.root / "data" / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if hasattr(frame_or_text, "to_csv"):
            frame_or_text.to_csv(path, index=False)
        else:
            path.write_bytes(frame_or_text if isinstance(frame_or_text, bytes) else frame_or_text.encode())
        self.document["data"] = list(dict.fromkeys([*self.document.get("data", []), name]))
        return path

    def start(self, role, **changes):
        """Runs a role; gives the exit code, the termination message and what it printed."""
        log = self.root / "termination-log"
        log.unlink(missing_ok=True)
        environment = {
            "AIMASS_ROOT": str(self.root),
            "AIMASS_SPEC": json.dumps({**self.document, **changes}),
            "AIMASS_STAGE": role,
            "AIMASS_TERMINATION_LOG": str(log),
            **self.environment,
        }
        code, output = (in_a_process if self.is_process else in_this_process)(role, environment)
        report = json.loads(log.read_text()) if log.exists() else {}
        return code, report, output

    def run(self, role, **changes):
        """Runs a role that has to succeed; gives its report."""
        code, report, output = self.start(role, **changes)
        assert code == 0, f"{report}\n{output}"
        return report

    def refused(self, role, **changes):
        """Runs a role that has to refuse; gives its report."""
        code, report, output = self.start(role, **changes)
        assert code == 2, f"{report}\n{output}"
        assert report["ok"] is False
        assert str(self.root) not in report["message"]
        return report

    def json(self, path):
        """A JSON file of the work space."""
        return json.loads((self.root / path).read_text())

    def bytes(self, folder):
        """All files of a folder by name."""
        base = self.root / folder
        return {str(file.relative_to(base)): file.read_bytes() for file in sorted(base.rglob("*")) if file.is_file()}


@pytest.fixture
def workspace(tmp_path):
    """Makes work spaces; the keyword arguments are members of the stage document."""
    made = []

    def make(**document):
        root = tmp_path / f"aimass-{len(made)}"
        root.mkdir()
        made.append(Workspace(root, **document))
        return made[-1]

    return make
