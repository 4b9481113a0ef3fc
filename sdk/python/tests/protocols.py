"""Connects by each protocol."""

from __future__ import annotations

from typing import Any

from servers import Served

import aimass

PROTOCOLS = ("json", "binary", "grpc")


def connect(served: Served, protocol: str, **options: Any) -> aimass.Client:
    if protocol == "grpc":
        options["grpc_url"] = served.grpc_url
    return aimass.connect(served.url, model=served.model, protocol=protocol, **options)
