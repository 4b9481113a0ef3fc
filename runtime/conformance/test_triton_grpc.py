"""tritonclient: what only gRPC has: deadlines, cancelling, streams."""

import asyncio
import queue
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as api
from tritonclient.grpc import aio
from tritonclient.utils import InferenceServerException

from server import Served
from test_triton_infer import ROWS, flowers, slow, summands


@pytest.fixture
def client(server: Served) -> Iterator[api.InferenceServerClient]:
    with api.InferenceServerClient(server.grpc) as made:
        yield made


def test_a_deadline_of_the_client(client: api.InferenceServerClient) -> None:
    with pytest.raises(InferenceServerException) as caught:
        client.infer("slow", slow(api, 2000), client_timeout=0.05)
    assert caught.value.status() == "StatusCode.DEADLINE_EXCEEDED"
    assert client.infer("sum", summands(api), client_timeout=60) is not None


def runs_of_slow(client: api.InferenceServerClient) -> int:
    return int(client.get_inference_statistics("slow").model_stats[0].execution_count)


def test_cancelled_requests_are_not_run(client: api.InferenceServerClient) -> None:
    first = client.infer("slow", slow(api, 2))
    before = runs_of_slow(client)
    told: queue.Queue[Any] = queue.Queue()
    waiting = [client.async_infer("slow", slow(api), lambda result, error: told.put(error)) for _ in range(50)]
    for call in waiting:
        call.cancel()
    for _ in waiting:
        assert told.get(timeout=30).status() == "StatusCode.CANCELLED"
    last = client.infer("slow", slow(api, 2), client_timeout=60)
    assert runs_of_slow(client) - before < len(waiting)
    np.testing.assert_array_equal(last.as_numpy("y"), first.as_numpy("y"))


def collect(answers: "queue.Queue[tuple[Any, Any]]", count: int) -> list[tuple[Any, Any]]:
    return [answers.get(timeout=60) for _ in range(count)]


@pytest.mark.parametrize("compression", [None, "gzip", "deflate"])
def test_a_stream_of_many_requests_is_answered_in_order(
    client: api.InferenceServerClient, compression: str | None
) -> None:
    answers: queue.Queue[tuple[Any, Any]] = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)), compression_algorithm=compression)
    for index in range(500):
        client.async_stream_infer("sum", summands(api, ROWS + index), request_id=str(index))
    for index, (result, error) in enumerate(collect(answers, 500)):
        assert error is None
        assert result.get_response().id == str(index)
        np.testing.assert_array_equal(result.as_numpy("sum"), (ROWS + index) * 2)
    client.stop_stream()


def test_a_failure_ends_only_its_own_request_of_a_stream(client: api.InferenceServerClient) -> None:
    answers: queue.Queue[tuple[Any, Any]] = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    client.async_stream_infer("nobody", summands(api), request_id="bad")
    client.async_stream_infer("iris", flowers(api), request_id="good")
    (_, failure), (result, error) = collect(answers, 2)
    client.stop_stream()
    assert "nobody" in failure.message()
    assert error is None
    assert result.get_response().id == "good"


def test_a_stream_says_which_answer_is_the_last(client: api.InferenceServerClient) -> None:
    answers: queue.Queue[tuple[Any, Any]] = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    client.async_stream_infer("sum", summands(api), enable_empty_final_response=True)
    ((result, _),) = collect(answers, 1)
    client.stop_stream()
    assert result.get_response().parameters["triton_final_response"].bool_param


def test_a_stream_can_be_cancelled(client: api.InferenceServerClient) -> None:
    answers: queue.Queue[tuple[Any, Any]] = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    for _ in range(20):
        client.async_stream_infer("slow", slow(api))
    client.stop_stream(cancel_requests=True)
    assert client.infer("sum", summands(api), client_timeout=60) is not None


def test_asyncio_streams(server: Served) -> None:
    async def requests() -> Any:
        for index in range(100):
            yield {"model_name": "sum", "inputs": summands(aio, ROWS + index), "request_id": str(index)}

    async def run() -> None:
        async with aio.InferenceServerClient(server.grpc) as client:
            index = 0
            async for result, error in client.stream_infer(requests()):
                assert error is None
                np.testing.assert_array_equal(result.as_numpy("sum"), (ROWS + index) * 2)
                index += 1
            assert index == 100

    asyncio.run(run())


def test_keep_alive_pings(server: Served) -> None:
    options = api.KeepAliveOptions(keepalive_time_ms=100, keepalive_permit_without_calls=True)
    with api.InferenceServerClient(server.grpc, keepalive_options=options) as client:
        client.infer("slow", slow(api))
        assert client.is_server_live()
