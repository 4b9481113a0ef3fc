"""Connects by each protocol."""

from __future__ import annotations

from typing import Any

import pytest
from servers import Served

import aimass

PROTOCOLS = ("json", "binary", "grpc")


def needs_tasks(served: Served) -> None:
    """Skip, with the reason, where the server has no task endpoints."""
    with aimass.connect(served.url, model=served.model) as client:
        try:
            client.predict({"no such column": [1]} if served.model != "digits" else b"x")
        except aimass.Unsupported as error:
            if "no task endpoints" in str(error):
                pytest.skip("the server has no task endpoints")
        except aimass.AimassError:
            pass


def connect(served: Served, protocol: str, **options: Any) -> aimass.Client:
    if protocol == "grpc":
        options["grpc_url"] = served.grpc_url
    return aimass.connect(served.url, model=served.model, protocol=protocol, **options)
