"""Servers that the checks share."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from server import Served, copy_task_models, make_models, serve


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Ends with the line that `npm test` counts."""
    count = {outcome: len(tests) for outcome, tests in terminalreporter.stats.items()}
    failed = count.get("failed", 0) + count.get("error", 0)
    terminalreporter.write_line(f"{count.get('passed', 0)} passed, {failed} failed")


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models."""
    folder = tmp_path_factory.mktemp("models")
    make_models(folder)
    return folder


@pytest.fixture(scope="session")
def server(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of all models, whose clients may load and unload."""
    log = tmp_path_factory.mktemp("server") / "stderr.log"
    with serve("--models-dir", str(models), "--repository-api", log=log) as served:
        yield served


@pytest.fixture(scope="session")
def task_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of the models that have tasks."""
    folder = tmp_path_factory.mktemp("task-models")
    copy_task_models(folder)
    log = tmp_path_factory.mktemp("task-server") / "stderr.log"
    with serve("--models-dir", str(folder), "--repository-api", log=log) as served:
        yield served


@pytest.fixture(scope="session")
def guarded_server(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of one model that lets only those load and unload who know the token `s3cret`."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "token").write_text("s3cret\n")
    shutil.copytree(models / "divide", folder / "models" / "divide")
    flags = ["--models-dir", str(folder / "models"), "--repository-api", "--repository-token-file"]
    with serve(*flags, str(folder / "token"), log=folder / "stderr.log") as served:
        yield served


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `key.pem` and `ca.crt`: a certificate for 127.0.0.1 that is its own authority."""
    folder = tmp_path_factory.mktemp("tls")
    command = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=aimass-test"
    command += " -addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout key.pem -out ca.crt"
    subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def tls_server(authority: Path, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of iris that speaks TLS only."""
    log = tmp_path_factory.mktemp("tls-server") / "stderr.log"
    flags = ["--tls-cert", str(authority / "ca.crt"), "--tls-key", str(authority / "key.pem")]
    with serve("--model", "iris", "--model-dir", str(models / "iris"), *flags, log=log) as served:
        yield served
