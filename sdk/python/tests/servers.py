"""Starts the real server of this repository, and a server that misbehaves as it is told."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[3]
#: Program that serves; another build of it can be named to test that one.
RUNTIME = Path(os.environ.get("AIMASS_TEST_RUNTIME", ROOT / "runtime" / "main.ts"))
NODE = ROOT / "node_modules" / ".bin" / "node"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Served:
    """A running server."""

    url: str
    grpc_url: str
    model: str | None
    pid: int


@contextlib.contextmanager
def serve(model: str | None, folder: Path, *flags: str) -> Iterator[Served]:
    """Run the server until the block ends: with one model, or with a folder of models when none is named."""
    source = ["--models-dir", folder] if model is None else ["--model", model, "--model-dir", folder]
    port, grpc_port = free_port(), free_port()
    command = [NODE, RUNTIME, "serve", *source, "--http-port", str(port)]
    command += ["--metrics-port", str(free_port()), "--notice-seconds", "0", "--drain-seconds", "1"]
    command += ["--termination-log", os.devnull, *flags]
    command += ["--grpc-port", str(grpc_port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    log: list[str] = []
    threading.Thread(target=lambda: log.extend(process.stdout or ()), daemon=True).start()
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process, log)
        yield Served(f"http://127.0.0.1:{port}", f"grpc://127.0.0.1:{grpc_port}", model, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_until_ready(url: str, process: subprocess.Popen[str], log: list[str], seconds: float = 90) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}: {''.join(log)[-600:]}")
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/v2/health/ready").is_success:
                return
        time.sleep(0.1)
    raise RuntimeError(f"the server was not ready within {seconds} s: {''.join(log)[-600:]}")


_MODELS = """
import { mkdirSync, writeFileSync } from 'node:fs';
const { buildModel, node, value, divideModel, ELEMENT } = await import(process.argv[1]);
const types = JSON.parse(process.argv[3]);
const write = (name, bytes) => {
  mkdirSync(`${process.argv[2]}/${name}`, { recursive: true });
  writeFileSync(`${process.argv[2]}/${name}/model.onnx`, bytes);
};
const dims = ['n'];
for (const type of types) write(`echo-${type.toLowerCase()}`, buildModel({
  nodes: [node('Identity', { input: ['x'], output: ['y'] })],
  inputs: [value('x', ELEMENT[type], dims)], outputs: [value('y', ELEMENT[type], dims)] }));
write('types', buildModel({
  nodes: types.map((type) => node('Identity', { input: [`x_${type}`], output: [`y_${type}`] })),
  inputs: types.map((type) => value(`x_${type}`, ELEMENT[type], dims)),
  outputs: types.map((type) => value(`y_${type}`, ELEMENT[type], dims)),
}));
write('divide', divideModel());
"""


def build_models(folder: Path, types: list[str]) -> None:
    """Write the models ``types`` (gives back an input of each type), ``echo-TYPE`` and ``divide`` below a folder."""
    builder = ROOT / "runtime" / "testdata" / "onnx-builder.ts"
    command = [NODE, "--input-type=module", "-e", _MODELS, builder, folder, json.dumps(types)]
    subprocess.run(command, check=True, cwd=ROOT)


class FaultServer:
    """Answers with what it was told, in order; the last one again and again.

    A plan is a status, headers and body; or ``"cut"`` (half an answer, then the connection ends); or ``"hang"``.
    """

    def __init__(self) -> None:
        self.plans: list[tuple[int, dict[str, str], str] | str] = [(200, {}, "{}")]
        self.requests: list[tuple[str, str]] = []
        self.times: list[float] = []
        self._stop = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                outer.requests.append((self.command, self.path))
                outer.times.append(time.monotonic())
                plan = outer.plans.pop(0) if len(outer.plans) > 1 else outer.plans[0]
                if plan == "hang":
                    outer._stop.wait(20)
                    return
                if isinstance(plan, str):
                    self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
                    self.close_connection = True
                    return
                status, headers, body = plan
                self.send_response(status)
                for name, value in {"content-length": str(len(body.encode())), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            do_GET = do_POST = _answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()
