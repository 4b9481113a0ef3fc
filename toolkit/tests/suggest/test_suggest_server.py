from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from searches import LAYERS, RATE, done, space

from aimass_toolkit.suggest import server as module
from aimass_toolkit.suggest.server import SuggestServer

SOURCE = Path(module.__file__).parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[SuggestServer]:
    with SuggestServer("127.0.0.1", 0, read_seconds=0.5) as started:
        thread = threading.Thread(target=started.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield started
        started.shutdown()
        thread.join()


def call(port: int, method: str, path: str, body: bytes | None = None, headers: Any = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else None
    finally:
        connection.close()


def suggest(port: int, document: Any) -> tuple[int, Any]:
    return call(port, "POST", "/v1/suggest", json.dumps(document).encode())


def raw(port: int, content: bytes) -> bytes:
    """What comes back for these bytes, until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(content)
        answer = b""
        while piece := connection.recv(4096):
            answer += piece
        return answer


def test_suggestions_over_http(server: SuggestServer) -> None:
    request = {
        "search": space("tpe", RATE, LAYERS),
        "trials": [done(0, {"learningRate": 0.01, "layers": 2}, 0.5)],
        "count": 2,
    }
    status, body = suggest(server.server_port, request)
    assert status == 200
    assert [set(one["parameters"]) for one in body["suggestions"]] == [{"learningRate", "layers"}] * 2
    assert (body["prune"], body["exhausted"]) == ([], False)
    assert suggest(server.server_port, request) == (status, body)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "reason", "says"),
    [
        ("POST", "/v1/suggest", b"{", 400, "RequestInvalid", "not JSON"),
        ("POST", "/v1/suggest", b"", 400, "RequestInvalid", "not JSON"),
        ("POST", "/v1/suggest", b"[]", 400, "RequestInvalid", "must be an object"),
        ("POST", "/v1/suggest", b"\xff", 400, "RequestInvalid", "not JSON"),
        ("POST", "/v1/suggest", b'{"count": NaN}', 400, "RequestInvalid", "NaN is not a JSON value"),
        ("POST", "/v1/suggest", b"[" * 100_000, 400, "RequestInvalid", "not JSON"),
        ("POST", "/v1/suggest", b"9" * 100_000, 400, "RequestInvalid", "not JSON"),
        (
            "POST",
            "/v1/suggest",
            json.dumps({"search": space("tpe")}).encode(),
            422,
            "SearchSpaceInvalid",
            "search.parameters",
        ),
        ("GET", "/v1/suggest", None, 405, "MethodNotAllowed", "POST"),
        ("POST", "/healthz", b"", 405, "MethodNotAllowed", "GET"),
        ("DELETE", "/v1/suggest", None, 405, "MethodNotAllowed", "POST"),
        ("GET", "/", None, 404, "NotFound", "/v1/suggest"),
    ],
)
def test_what_is_refused(
    server: SuggestServer, method: str, path: str, body: bytes | None, status: int, reason: str, says: str
) -> None:
    got, document = call(server.server_port, method, path, body)
    assert (got, document["error"]["reason"]) == (status, reason)
    assert says in document["error"]["message"]


def test_health(server: SuggestServer) -> None:
    assert call(server.server_port, "GET", "/healthz") == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("head", "status", "reason"),
    [
        (b"Content-Length: 8388609\r\n", b"413", b"RequestTooLarge"),
        (b"Content-Length: " + b"9" * 4000 + b"\r\n", b"413", b"RequestTooLarge"),
        (b"Content-Length: -1\r\n", b"411", b"LengthRequired"),
        (b"Transfer-Encoding: chunked\r\n", b"411", b"LengthRequired"),
        (b"Content-Length: 100\r\n", b"408", b"RequestTimeout"),
    ],
)
def test_a_body_too_large_too_slow_or_of_unknown_length(
    server: SuggestServer, head: bytes, status: bytes, reason: bytes
) -> None:
    answer = raw(server.server_port, b"POST /v1/suggest HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n{")
    assert answer.split()[1] == status
    assert reason in answer


def test_what_is_no_http_is_refused(server: SuggestServer) -> None:
    assert b"400" in raw(server.server_port, b"hello there, this is not it\r\n\r\n")
    assert call(server.server_port, "GET", "/healthz")[0] == 200


def test_a_caller_that_sends_nothing_is_let_go(server: SuggestServer) -> None:
    assert raw(server.server_port, b"") == b""


def test_questions_at_the_same_time_have_the_answers_of_single_ones(server: SuggestServer) -> None:
    requests = [{"search": space("tpe", RATE, seed=seed), "count": 3} for seed in range(8)]
    alone = [suggest(server.server_port, request) for request in requests]
    together: dict[int, Any] = {}
    threads = [
        threading.Thread(
            target=lambda index=index: together.update({index: suggest(server.server_port, requests[index])})
        )
        for index in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[index] for index in range(8)] == alone


def start() -> tuple[subprocess.Popen[str], int]:
    """The service as it runs in its container, and its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "aimass_toolkit", "suggest", "--port", "0", "--host", "127.0.0.1"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])},
    )
    assert process.stderr is not None
    return process, int(process.stderr.readline().rsplit(" ", 1)[1])


def test_a_restarted_service_gives_the_same_answer_and_sigterm_ends_it() -> None:
    request = {
        "search": space("tpe", RATE, LAYERS),
        "trials": [
            done(number, {"learningRate": 0.01 / (number + 1), "layers": number % 8 + 1}, 0.1 * number)
            for number in range(12)
        ],
        "count": 3,
    }
    answers = []
    for _ in range(2):
        process, port = start()
        answers.append(suggest(port, request))
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        assert process.stderr is not None
        process.stderr.close()
    assert answers[0][0] == 200
    assert answers[0] == answers[1]


def test_a_port_in_use_is_said(server: SuggestServer) -> None:
    from aimass_toolkit.suggest import main

    assert main(["--host", "127.0.0.1", "--port", str(server.server_port)]) == 1
