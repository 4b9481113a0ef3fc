from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from servers import FaultServer, Served

import aimass
from aimass.batches import collate, cut


def _rows(count: int) -> np.ndarray:
    return np.random.default_rng(7).uniform(0, 8, (count, 4)).astype("f4")


def test_batches_come_in_order_and_join_to_what_one_request_gives(iris: Served) -> None:
    rows = _rows(103)
    seen: list[tuple[int, int | None]] = []
    with aimass.connect(iris.url, model="iris") as client:
        whole = client.predict(rows)
        batches = list(client.predict_batches(rows, batch_size=10, concurrency=4, progress=lambda *at: seen.append(at)))
        joined = aimass.join(batches)
        assert [len(batch["label"]) for batch in batches] == [10] * 10 + [3]
        assert client.predict_all(rows, batch_size=50)["label"].tolist() == whole["label"].tolist()
    np.testing.assert_array_equal(joined["label"], whole["label"])
    np.testing.assert_allclose(joined["probabilities"], whole["probabilities"], rtol=1e-5)
    assert seen == [(done, 11) for done in range(1, 12)]


def test_an_endless_source_is_read_only_as_far_as_needed(iris: Served) -> None:
    taken = 0

    def source() -> Iterator[dict[str, np.ndarray]]:
        nonlocal taken
        while True:
            taken += 1
            yield {"features": _rows(1)[0]}

    with aimass.connect(iris.url, model="iris") as client:
        results = client.predict_batches(source(), batch_size=2, concurrency=3)
        assert next(results)["label"].shape == (2,)
        results.close()  # type: ignore[attr-defined]
    assert taken <= 2 * 4


def test_one_bad_batch_is_raised_or_given_in_its_place(iris: Served) -> None:
    batches = [np.ones(4), np.ones(5), np.ones(4)]
    with aimass.connect(iris.url, model="iris") as client:
        with pytest.raises(aimass.InvalidRequest, match="shape"):
            list(client.predict_batches(batches, batch_size=1))
        results = list(client.predict_batches(batches, batch_size=1, return_errors=True))
    assert isinstance(results[1], aimass.InvalidRequest)
    assert [result["label"].shape for result in (results[0], results[2])] == [(1,), (1,)]


def test_a_full_server_is_asked_again_for_each_batch(faults: FaultServer) -> None:
    ok = (200, {}, '{"outputs": [{"name": "y", "datatype": "INT64", "shape": [1], "data": [1]}]}')
    metadata = (200, {}, '{"name": "m", "inputs": [{"name": "x", "datatype": "INT64", "shape": [-1]}], "outputs": []}')
    faults.plans = [metadata, (503, {}, '{"error": "full"}'), ok]
    retry = aimass.RetryPolicy(base_seconds=0.01)
    with aimass.connect(faults.url, model="m", protocol="json", retry=retry) as client:
        assert len(list(client.predict_batches([1, 2, 3], batch_size=1, concurrency=1))) == 3
    assert len(faults.requests) == 5


@pytest.mark.parametrize(
    ("data", "options", "says"),
    [
        ([1], {"batch_size": 0}, "batch_size is 0"),
        ([1], {"concurrency": 0}, "concurrency is 0"),
        ("text", {}, "in a list"),
        ({"a": [1, 2], "b": [1]}, {}, "different lengths"),
        ([{"a": 1}, {"b": 1}], {}, "different keys"),
        ([[1, 2], [3]], {}, "different shapes"),
    ],
)
def test_wrong_use_is_refused(faults: FaultServer, data: Any, options: dict[str, Any], says: str) -> None:
    with aimass.connect(faults.url, model="m") as client, pytest.raises(aimass.InvalidRequest, match=says):
        list(client.predict_batches(data, **options))


def test_tables_and_lists_are_cut_by_rows() -> None:
    frame = pd.DataFrame({"a": range(5)})
    batches, total = cut(frame, 2)
    assert total == 3
    assert [list(batch.index) for batch in batches] == [[0, 1], [2, 3], [4]]
    assert collate(["a", "b"]) == ["a", "b"]
    assert collate([{"x": np.ones(2)}, {"x": np.zeros(2)}])["x"].tolist() == [[1, 1], [0, 0]]
    assert aimass.join([]) == []


async def test_the_async_client_does_the_same(iris: Served) -> None:
    rows = _rows(60)
    async with await aimass.connect_async(iris.url, model="iris") as client:
        whole = await client.predict(rows)
        joined = await client.predict_all(rows, batch_size=7, concurrency=3)
        np.testing.assert_array_equal(joined["label"], whole["label"])
        assert (await client.model_info()).name == "iris"
        await client.check_ready()
        many = await asyncio.gather(*(client.predict(row) for row in rows))
        assert [int(one["label"][0]) for one in many] == whole["label"].tolist()
        results = [r async for r in client.predict_batches([rows[0], np.ones(5)], batch_size=1, return_errors=True)]
        assert isinstance(results[1], aimass.InvalidRequest)


async def test_the_async_client_speaks_grpc(iris: Served) -> None:
    async with await aimass.connect_async(iris.grpc_url, model="iris") as client:
        assert (await client.infer({"features": _rows(2)})).protocol == "grpc"
        with pytest.raises(aimass.NotFound):
            await client.infer({"features": _rows(2)}, model="nope")


async def test_a_cancelled_call_ends_at_once(faults: FaultServer) -> None:
    faults.plans = ["hang"]
    async with await aimass.connect_async(faults.url, model="m") as client:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.predict([1]), 0.2)
