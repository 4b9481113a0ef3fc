from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pytest
from servers import FaultServer, free_port

import aimass

ROWS = {"features": np.ones((1, 4), "f4")}
ANSWER = json.dumps(
    {"model_name": "m", "outputs": [{"name": "y", "datatype": "INT64", "shape": [1], "data": [2**62 + 1]}]}
)
OK = (200, {}, ANSWER)
FULL = (503, {"retry-after": "0"}, '{"error": "The queue is full."}')


def _client(url: str, **options: Any) -> aimass.Client:
    options.setdefault("retry", aimass.RetryPolicy(base_seconds=0.01))
    return aimass.connect(url, model="m", protocol="json", **options)


def test_what_can_pass_by_itself_is_tried_again(faults: FaultServer) -> None:
    faults.plans = [FULL, (429, {}, '{"error": "slow down"}'), OK]
    with _client(faults.url) as client:
        assert client.infer(ROWS)["y"].tolist() == [2**62 + 1]
    assert len(faults.requests) == 3


def test_retry_after_is_kept(faults: FaultServer) -> None:
    faults.plans = [(503, {"retry-after": "0.4"}, '{"error": "full"}'), OK]
    with _client(faults.url) as client:
        client.infer(ROWS)
    assert faults.times[1] - faults.times[0] >= 0.4


def test_a_server_that_stays_full_is_unavailable_and_says_when_to_come_back(faults: FaultServer) -> None:
    faults.plans = [(503, {"retry-after": "0"}, '{"error": "The queue is full."}')]
    with _client(faults.url) as client, pytest.raises(aimass.Unavailable, match="The queue is full") as caught:
        client.infer(ROWS)
    assert (caught.value.status, caught.value.retry_after, caught.value.model) == (503, 0.0, "m")
    assert len(faults.requests) == 3


def test_waiting_beyond_the_timeout_is_not_begun(faults: FaultServer) -> None:
    faults.plans = [(503, {"retry-after": "60"}, '{"error": "full"}')]
    started = time.monotonic()
    with _client(faults.url, timeout=2) as client, pytest.raises(aimass.Unavailable) as caught:
        client.infer(ROWS)
    assert time.monotonic() - started < 2
    assert caught.value.retry_after == 60


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, aimass.InvalidRequest),
        (401, aimass.Unauthorized),
        (403, aimass.Unauthorized),
        (404, aimass.NotFound),
        (413, aimass.PayloadTooLarge),
        (415, aimass.Unsupported),
        (422, aimass.NotRepresentable),
        (500, aimass.ModelFailed),
        (504, aimass.Timeout),
    ],
)
def test_what_cannot_pass_is_raised_at_once(faults: FaultServer, status: int, kind: type[aimass.AimassError]) -> None:
    faults.plans = [(status, {}, '{"error": "because"}')]
    with _client(faults.url) as client, pytest.raises(kind, match="because") as caught:
        client.infer(ROWS)
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert len(faults.requests) == 1


def test_a_cut_connection_is_tried_again_and_then_named(faults: FaultServer) -> None:
    faults.plans = ["cut", OK]
    with _client(faults.url) as client:
        client.infer(ROWS)
    faults.plans = ["cut"]
    with _client(faults.url) as client, pytest.raises(aimass.ConnectionFailed, match="broke"):
        client.infer(ROWS)


def test_a_server_that_is_down_is_named(faults: FaultServer) -> None:
    with (
        _client(f"http://127.0.0.1:{free_port()}") as client,
        pytest.raises(aimass.ConnectionFailed, match="check the URL"),
    ):
        client.infer(ROWS)
    with _client("http://no-such-host.invalid") as client, pytest.raises(aimass.ConnectionFailed, match="no-such-host"):
        client.infer(ROWS)
    with aimass.connect(f"grpc://127.0.0.1:{free_port()}", model="m") as client, pytest.raises(aimass.ConnectionFailed):
        client.infer(ROWS, timeout=2)


def test_no_answer_is_a_timeout_and_not_tried_again(faults: FaultServer) -> None:
    faults.plans = ["hang"]
    with _client(faults.url, timeout=0.3) as client, pytest.raises(aimass.Timeout, match=r"timeout="):
        client.infer(ROWS)
    assert len(faults.requests) == 1


@pytest.mark.parametrize("body", ["<html>hello</html>", "[]", '{"a": 1}'])
def test_some_other_server_is_told_apart(faults: FaultServer, body: str) -> None:
    faults.plans = [(200, {}, body)]
    with aimass.connect(faults.url, model="m") as client, pytest.raises(aimass.ProtocolError, match="check"):
        client.predict([1])
    faults.plans = [(404, {}, body if body.startswith("<") else "not found")]
    with aimass.connect(faults.url, model="m") as client, pytest.raises(aimass.ProtocolError, match="URL"):
        client.predict([1])


@pytest.mark.parametrize(
    ("target", "says"),
    [("ftp://x", "use http"), ("http://", "no host"), ("localhost:8080", "neither a URL"), ("", "neither a URL")],
)
def test_wrong_addresses_are_refused(target: str, says: str) -> None:
    with pytest.raises(aimass.InvalidRequest, match=says):
        aimass.connect(target)


def test_wrong_options_are_refused(faults: FaultServer) -> None:
    with pytest.raises(TypeError, match="'tiemout'"):
        aimass.connect(faults.url, tiemout=3)  # type: ignore[call-arg]
    with pytest.raises(aimass.InvalidRequest, match="above 0"):
        aimass.connect(faults.url, timeout=0)
    with pytest.raises(aimass.InvalidRequest, match="auto, json, binary, grpc"):
        aimass.connect(faults.url, protocol="soap")  # type: ignore[arg-type]
    with _client(faults.url) as client:
        with pytest.raises(TypeError, match="'modle'"):
            client.infer(ROWS, modle="x")  # type: ignore[call-arg]
        with pytest.raises(aimass.InvalidRequest, match="above 0"):
            client.infer(ROWS, timeout=-1)
