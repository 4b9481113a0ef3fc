"""Starts the real server of this repository."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
NODE = ROOT / "node_modules" / ".bin" / "node"


@dataclass(frozen=True)
class Served:
    """Where a server answers, as `host:port`."""

    http: str
    grpc: str

    @property
    def url(self) -> str:
        return f"http://{self.http}"


@contextmanager
def serve(*flags: str, log: Path) -> Iterator[Served]:
    """Runs `serve` on free ports until the block ends. It has to stop by itself then, with exit code 0."""
    command = [NODE, ROOT / "runtime" / "main.ts", "serve", *flags]
    command += ["--bind-address", "127.0.0.1", "--http-port", "0", "--grpc-port", "0", "--metrics-port", "off"]
    command += ["--notice-seconds", "0", "--drain-seconds", "10", "--termination-log", os.devnull]
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            ports = _ports(process, log)
            yield Served(http=f"127.0.0.1:{ports['http']}", grpc=f"127.0.0.1:{ports['grpc']}")
        finally:
            process.terminate()
            said, _ = process.communicate(timeout=30)
    assert process.returncode == 0, f"the server ended with {process.returncode}: {said[-2000:]}"


def _ports(process: subprocess.Popen[str], log: Path) -> dict[str, int]:
    """The ports, told in the log line that says that the models are loaded."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        entry = json.loads(line)
        if entry.get("msg") == "serving":
            return dict(entry["ports"])
    raise AssertionError(f"the server did not start: {''.join(said)[-2000:]}{log.read_text()[-2000:]}")


def make_models(folder: Path) -> None:
    """Fills a folder with the models of `make-models.ts`, and iris."""
    subprocess.run([NODE, Path(__file__).parent / "make-models.ts", folder], check=True)
    shutil.copytree(ROOT / "library" / "iris", folder / "iris")


def copy_task_models(folder: Path) -> None:
    """Fills a folder with models that have a task, under the names that documents and checks give them."""
    tasks = ROOT / "runtime" / "testdata" / "tasks" / "models"
    sources = [path for path in (ROOT / "library").iterdir() if (path / "model.onnx").exists()]
    sources += [path for path in tasks.iterdir() if path.is_dir()]
    for source in sources:
        shutil.copytree(source, folder / source.name)
    shutil.copytree(tasks / "classifier", folder / "reviews")
    shutil.copytree(tasks / "embedder", folder / "sentences")
