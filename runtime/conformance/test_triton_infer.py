"""tritonclient: what can be said of an inference request, and what comes back."""

import asyncio
import importlib
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from tritonclient.utils import InferenceServerException

from server import Served

ROWS = np.arange(8, dtype=np.int32).reshape(2, 4)
FLOWERS = np.array([[5.1, 3.4, 1.5, 0.2], [6.3, 2.9, 5.6, 1.8]], np.float32)


@pytest.fixture(params=["http", "grpc"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def api(transport: str) -> ModuleType:
    return importlib.import_module(f"tritonclient.{transport}")


@pytest.fixture
def client(api: ModuleType, transport: str, server: Served) -> Iterator[Any]:
    more = {"concurrency": 8} if transport == "http" else {}
    with api.InferenceServerClient(getattr(server, transport), **more) as made:
        yield made


def tensor(api: ModuleType, name: str, values: np.ndarray, datatype: str) -> Any:
    made = api.InferInput(name, values.shape, datatype)
    made.set_data_from_numpy(values)
    return made


def summands(api: ModuleType, rows: np.ndarray = ROWS) -> list[Any]:
    return [tensor(api, name, rows, "INT32") for name in ("a", "b")]


def slow(api: ModuleType, size: int = 700) -> list[Any]:
    return [tensor(api, "size", np.array([size, size], np.int64), "INT64")]


def flowers(api: ModuleType) -> list[Any]:
    return [tensor(api, "features", FLOWERS, "FP32")]


def test_all_outputs(client: Any, api: ModuleType) -> None:
    result = client.infer("sum", summands(api))
    np.testing.assert_array_equal(result.as_numpy("sum"), ROWS * 2)
    np.testing.assert_array_equal(result.as_numpy("difference"), ROWS * 0)
    assert result.as_numpy("quotient") is None


def test_requested_outputs_come_in_their_order(client: Any, api: ModuleType, transport: str) -> None:
    wanted = [api.InferRequestedOutput(name) for name in ("difference", "sum")]
    result = client.infer("sum", summands(api), outputs=wanted[:1])
    assert result.as_numpy("sum") is None
    answer = client.infer("sum", summands(api), outputs=wanted).get_response()
    outputs = answer["outputs"] if transport == "http" else answer.outputs
    names = [output["name"] if transport == "http" else output.name for output in outputs]
    assert names == ["difference", "sum"]


def test_id_version_and_parameters_are_echoed(client: Any, api: ModuleType, transport: str) -> None:
    said = {"text": "zażółć", "whole": 3, "yes": True}
    result = client.infer("sum", summands(api), model_version="1", request_id="r-1", parameters=said)
    answer = result.get_response(as_json=True) if transport == "grpc" else result.get_response()
    assert (answer["id"], answer["model_name"], answer["model_version"]) == ("r-1", "sum", "1")
    given = answer["parameters"]
    if transport == "grpc":
        assert given["text"] == {"string_param": "zażółć"}
        assert given["whole"] == {"int64_param": "3"}
        assert given["yes"] == {"bool_param": True}
    else:
        assert said.items() <= given.items()


def test_classes(client: Any, api: ModuleType) -> None:
    wanted = [api.InferRequestedOutput("probabilities", class_count=2), api.InferRequestedOutput("label")]
    result = client.infer("iris", flowers(api), outputs=wanted)
    classes = result.as_numpy("probabilities")
    assert classes.shape == (2, 2)
    (score, index, label), _ = [entry.decode().split(":") for entry in classes[0]]
    assert (index, label) == ("0", "setosa")
    assert 0.9 < float(score) <= 1
    assert classes[1][0].decode().endswith(":2:virginica")
    np.testing.assert_array_equal(result.as_numpy("label"), [0, 2])


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compression(client: Any, api: ModuleType, transport: str, algorithm: str) -> None:
    rows = np.zeros((5000, 4), np.int32) + 7
    if transport == "grpc":
        result = client.infer("sum", summands(api, rows), compression_algorithm=algorithm)
    else:
        result = client.infer(
            "sum",
            summands(api, rows),
            request_compression_algorithm=algorithm,
            response_compression_algorithm=algorithm,
        )
    np.testing.assert_array_equal(result.as_numpy("sum"), rows * 2)


def test_priority_and_a_time_that_suffices(client: Any, api: ModuleType) -> None:
    result = client.infer("sum", summands(api), priority=1, timeout=60_000_000)
    np.testing.assert_array_equal(result.as_numpy("sum"), ROWS * 2)


def test_a_time_that_does_not_suffice(client: Any, api: ModuleType, transport: str) -> None:
    with pytest.raises(InferenceServerException) as caught:
        client.infer("slow", slow(api, 2000), timeout=20_000)
    assert caught.value.status() == ("StatusCode.DEADLINE_EXCEEDED" if transport == "grpc" else "504")


def test_headers_are_taken(client: Any, api: ModuleType) -> None:
    result = client.infer("sum", summands(api), headers={"x-request-id": "abc", "x-tenant": "shop"})
    np.testing.assert_array_equal(result.as_numpy("sum"), ROWS * 2)


def test_many_asynchronous_requests(client: Any, api: ModuleType, transport: str) -> None:
    sent = [ROWS + index for index in range(100)]
    if transport == "http":
        waiting = [client.async_infer("sum", summands(api, rows)) for rows in sent]
        results = [one.get_result(timeout=60) for one in waiting]
    else:
        results = [None] * len(sent)
        left = threading.Semaphore(0)

        def keep(index: int, result: Any, error: Any) -> None:
            results[index] = result if error is None else error
            left.release()

        for index, rows in enumerate(sent):
            client.async_infer("sum", summands(api, rows), lambda result, error, at=index: keep(at, result, error))
        assert all(left.acquire(timeout=60) for _ in sent)
    for rows, result in zip(sent, results, strict=True):
        np.testing.assert_array_equal(result.as_numpy("sum"), rows * 2)


def refused(client: Any, *args: Any, **more: Any) -> tuple[str, str]:
    with pytest.raises(InferenceServerException) as caught:
        client.infer(*args, **more)
    return caught.value.status(), caught.value.message()


@pytest.mark.parametrize(
    ("name", "ask", "http", "grpc", "said"),
    [
        ("an unknown model", lambda api: ("nobody", summands(api)), "404", "NOT_FOUND", "nobody"),
        ("a missing input", lambda api: ("sum", summands(api)[:1]), "400", "INVALID_ARGUMENT", '"b"'),
        (
            "an input twice",
            lambda api: ("sum", summands(api) + summands(api)[:1]),
            "400",
            "INVALID_ARGUMENT",
            "second time",
        ),
        (
            "another data type",
            lambda api: ("sum", [tensor(api, name, ROWS.astype(np.int64), "INT64") for name in "ab"]),
            "400",
            "INVALID_ARGUMENT",
            "INT32",
        ),
        ("another shape", lambda api: ("sum", summands(api, ROWS[:, :3])), "400", "INVALID_ARGUMENT", "[-1, 4]"),
        (
            "inputs that do not suit each other",
            lambda api: ("sum", [summands(api)[0], summands(api, np.zeros((3, 4), np.int32))[1]]),
            "400",
            "INVALID_ARGUMENT",
            "",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_refusals(
    client: Any, api: ModuleType, transport: str, name: str, ask: Any, http: str, grpc: str, said: str
) -> None:
    status, message = refused(client, *ask(api))
    assert status == (f"StatusCode.{grpc}" if transport == "grpc" else http), message
    assert said in message


def test_an_unknown_version_and_an_unknown_output_are_refused(client: Any, api: ModuleType) -> None:
    assert "7" in refused(client, "sum", summands(api), model_version="7")[1]
    wanted = [api.InferRequestedOutput("quotient")]
    assert '"quotient"' in refused(client, "sum", summands(api), outputs=wanted)[1]


def test_shared_memory_is_refused_by_name(client: Any, api: ModuleType) -> None:
    first, second = summands(api)
    first.set_shared_memory("region", ROWS.nbytes)
    assert "shared" in refused(client, "sum", [first, second])[1]


def test_sequences_are_refused_by_name(client: Any, api: ModuleType) -> None:
    assert "sequence" in refused(client, "sum", summands(api), sequence_id=5, sequence_start=True)[1]


def test_asyncio(transport: str, server: Served) -> None:
    api = importlib.import_module(f"tritonclient.{transport}.aio")

    async def run() -> None:
        async with api.InferenceServerClient(getattr(server, transport)) as client:
            asked = [client.infer("sum", summands(api, ROWS + index)) for index in range(50)]
            for index, result in enumerate(await asyncio.gather(*asked)):
                np.testing.assert_array_equal(result.as_numpy("sum"), (ROWS + index) * 2)
            with pytest.raises(InferenceServerException, match="nobody"):
                await client.infer("nobody", summands(api))

    asyncio.run(run())
