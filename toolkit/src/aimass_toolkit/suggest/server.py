"""The HTTP server: POST /v1/suggest and GET /healthz, with limits on size, time and connections."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .answer import answer
from .problems import Busy, Problem, RequestInvalid, TooLarge, TooSlow

log = logging.getLogger(__name__)

MOST_BYTES = 8 * 1024 * 1024
#: How long a caller may take to send its request, and to wait for its turn.
READ_SECONDS = 20.0
TURN_SECONDS = 20.0
MOST_CONNECTIONS = 64
PATHS = {"/v1/suggest": "POST", "/healthz": "GET"}


class NotFound(Problem):
    """No such address."""

    status = 404
    reason = "NotFound"


class MethodNotAllowed(Problem):
    """The address takes another method."""

    status = 405
    reason = "MethodNotAllowed"


class LengthRequired(Problem):
    """The length of the body is not known in advance."""

    status = 411
    reason = "LengthRequired"


class SuggestServer(ThreadingHTTPServer):
    """One thread a connection, one answer computed at a time: they take milliseconds, and one CPU."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, host: str, port: int, read_seconds: float = READ_SECONDS) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.read_seconds = read_seconds
        self.turn = threading.Lock()
        self._places = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__((host, port), SuggestHandler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread for the connection, if one is free; else close it."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            log.warning("connection refused: too many at once")
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that goes away in the middle is not worth a stack trace."""
        log.info("connection ended early")


class SuggestHandler(BaseHTTPRequestHandler):
    """One request on one connection."""

    protocol_version = "HTTP/1.1"
    server_version = "aimass-suggest"
    sys_version = ""
    server: SuggestServer

    def setup(self) -> None:
        """Bound the time of every read and write."""
        self.request.settimeout(self.server.read_seconds)
        super().setup()

    def do_GET(self) -> None:
        """Answer GET."""
        self._serve()

    def do_POST(self) -> None:
        """Answer POST."""
        self._serve()

    do_PUT = do_DELETE = do_PATCH = do_HEAD = do_POST  # noqa: N815

    def _serve(self) -> None:
        began = time.monotonic()
        status, body = self._outcome()
        self._send(status, body)
        if self.path != "/healthz":
            elapsed = round(1000 * (time.monotonic() - began))
            log.info("answered method=%s status=%d milliseconds=%d", self.command, status, elapsed)

    def _outcome(self) -> tuple[int, dict[str, Any]]:
        try:
            return HTTPStatus.OK, self._answer()
        except Problem as problem:
            return problem.status, problem.body()
        except Exception:
            log.exception("request failed")
            message = "the service failed; its log has the reason"
            return HTTPStatus.INTERNAL_SERVER_ERROR, {"error": {"reason": "Internal", "message": message}}

    def _answer(self) -> dict[str, Any]:
        path = self.path.partition("?")[0]
        method = PATHS.get(path)
        if method is None:
            raise NotFound(f"there is nothing at this address; there are {', '.join(PATHS)}")
        if self.command != method:
            raise MethodNotAllowed(f"{path} takes {method} only")
        if path == "/healthz":
            return {"status": "ok"}
        document = parse(self._body())
        if not self.server.turn.acquire(timeout=TURN_SECONDS):
            raise Busy("too many questions at once; ask again in a moment")
        try:
            return answer(document)
        finally:
            self.server.turn.release()

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise LengthRequired("the request has no Content-Length; send the body in one piece")
        if len(length) > 12 or int(length) > MOST_BYTES:
            raise TooLarge(f"the body is larger than {MOST_BYTES} bytes; send shorter curves")
        return self._read(int(length))

    def _read(self, length: int) -> bytes:
        """The body; one byte now and then holds the place no longer than none at all."""
        deadline = time.monotonic() + self.server.read_seconds
        body = bytearray()
        while len(body) < length:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TooSlow("the body did not arrive in time")
            self.connection.settimeout(left)
            try:
                piece = self.rfile.read1(min(65536, length - len(body)))
            except TimeoutError as error:
                raise TooSlow("the body did not arrive in time") from error
            if not piece:
                raise RequestInvalid(f"the body ended after {len(body)} of {length} bytes")
            body += piece
        self.connection.settimeout(self.server.read_seconds)
        return bytes(body)

    def _send(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body, allow_nan=False).encode()
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library refuses is refused in our form too."""
        self.command = getattr(self, "command", None) or ""
        # Else a request line that is none would be answered without status and headers, as in HTTP/0.9.
        self.request_version = self.protocol_version
        self._send(code, {"error": {"reason": "RequestInvalid", "message": message or HTTPStatus(code).phrase}})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: requests are logged once, by their outcome."""


def parse(body: bytes) -> Any:
    """JSON as the standard has it: without NaN and Infinity."""
    try:
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RequestInvalid(f"the body is not JSON: {str(error)[:200]}") from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value; null stands for a value that is no number")
