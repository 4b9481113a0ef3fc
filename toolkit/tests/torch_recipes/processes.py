"""Workers that train, each a process of its own."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import aimass_toolkit

SOURCE = Path(aimass_toolkit.__file__).parents[1]


def start(space, **environment):
    """Starts a process that trains."""
    given = {
        **os.environ,
        "PYTHONPATH": str(SOURCE),
        "PYTHONUNBUFFERED": "1",
        "AIMASS_ROOT": str(space.root),
        "AIMASS_SPEC": json.dumps(space.document),
        "AIMASS_TERMINATION_LOG": str(space.root / f"termination-{environment.get('RANK', '0')}"),
        "OMP_NUM_THREADS": "1",
        **environment,
    }
    command = [sys.executable, "-m", "aimass_toolkit", "train"]
    return subprocess.Popen(command, env=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(process):
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return output


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])
