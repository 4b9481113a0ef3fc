"""Command line of the service: ``python3 -m aimass_toolkit suggest --port 8080``."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import threading
from collections.abc import Sequence
from types import FrameType

# One thread: answers are then the same on every machine, and as fast. Must be set before numpy is loaded.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; requests that have begun are answered first."""
    from .server import SuggestServer

    options = _options(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        server = SuggestServer(options.host, options.port)
    except OSError as error:
        logging.error("cannot listen on %s port %d: %s", options.host, options.port, error.strerror)
        return 1

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # shutdown() waits for the loop that this handler has interrupted: it needs a thread of its own.
        threading.Thread(target=server.shutdown, daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    logging.info("listening on %s port %d", *server.server_address[:2])
    with server:
        server.serve_forever(poll_interval=0.2)
    logging.info("stopped")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="aimass_toolkit suggest", description=__doc__)
    parser.add_argument("--port", type=int, default=8080, help="port to listen on; 0 takes a free one (default: 8080)")
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on (default: all IPv4 addresses)")
    return parser.parse_args(arguments)
