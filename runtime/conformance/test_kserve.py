"""KServe's SDK: its REST and gRPC clients for Open Inference V2."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import pytest
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, InferResponse, RESTConfig

from server import Served

FLOWERS = np.array([[5.1, 3.4, 1.5, 0.2], [6.3, 2.9, 5.6, 1.8]], np.float32)


def request(model: str = "iris", *, name: str = "features", rows: np.ndarray = FLOWERS, **form: Any) -> InferRequest:
    tensor = InferInput(name, list(rows.shape), {"f": "FP32", "i": "INT64", "O": "BYTES"}[rows.dtype.kind])
    tensor.set_data_from_numpy(rows, binary_data=form.pop("binary_data", True))
    return InferRequest(model_name=model, infer_inputs=[tensor], **form)


def labels(response: InferResponse) -> list[int]:
    return next(output for output in response.outputs if output.name == "label").as_numpy().tolist()


def with_rest(server: Served, use: Callable[[InferenceRESTClient, str], Awaitable[None]]) -> None:
    async def run() -> None:
        async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
            await use(client, server.url)

    asyncio.run(run())


def with_grpc(server: Served, use: Callable[[InferenceGRPCClient], Awaitable[None]]) -> None:
    async def run() -> None:
        async with InferenceGRPCClient(server.grpc) as client:
            await use(client)

    asyncio.run(run())


def test_rest_health(server: Served) -> None:
    async def use(client: InferenceRESTClient, url: str) -> None:
        assert await client.is_server_live(url)
        assert await client.is_server_ready(url)
        assert await client.is_model_ready(url, "iris")
        assert not await client.is_model_ready(url, "nobody")

    with_rest(server, use)


def test_grpc_health(server: Served) -> None:
    async def use(client: InferenceGRPCClient) -> None:
        assert await client.is_server_live()
        assert await client.is_server_ready()
        assert await client.is_model_ready("iris")
        assert not await client.is_model_ready("nobody")

    with_grpc(server, use)


@pytest.mark.parametrize("binary_in", [False, True])
@pytest.mark.parametrize("binary_out", [False, True])
def test_rest_inference(server: Served, binary_in: bool, binary_out: bool) -> None:
    async def use(client: InferenceRESTClient, url: str) -> None:
        asked = request(request_id="r-1", binary_data=binary_in, parameters={"binary_data_output": binary_out})
        answer = await client.infer(url, asked, model_name="iris")
        assert (answer.id, answer.model_name) == ("r-1", "iris")
        assert labels(answer) == [0, 2]

    with_rest(server, use)


def test_rest_inference_from_a_dictionary(server: Served) -> None:
    async def use(client: InferenceRESTClient, url: str) -> None:
        tensor = {"name": "features", "shape": [2, 4], "datatype": "FP32", "data": FLOWERS.ravel().tolist()}
        assert labels(await client.infer(url, {"inputs": [tensor]}, model_name="iris")) == [0, 2]

    with_rest(server, use)


def test_grpc_inference(server: Served) -> None:
    async def use(client: InferenceGRPCClient) -> None:
        answer = await client.infer(request(request_id="r-1"))
        assert (answer.id, answer.model_name) == ("r-1", "iris")
        assert labels(answer) == [0, 2]

    with_grpc(server, use)


def test_typed_contents(server: Served) -> None:
    async def use(client: InferenceGRPCClient) -> None:
        tensor = InferInput("features", [2, 4], "FP32", data=FLOWERS.ravel().tolist())
        assert labels(await client.infer(InferRequest(model_name="iris", infer_inputs=[tensor]))) == [0, 2]

    with_grpc(server, use)


@pytest.mark.parametrize(
    "rows",
    [
        np.array([["zażółć".encode(), b"", "🚀".encode()]], np.object_),
        np.array([[2**53 + 1, -(2**63)]], np.int64),
        np.array([[np.nan, -np.inf]], np.float32),
    ],
    ids=["texts", "64 bits", "NaN"],
)
def test_values_come_back_as_they_were(server: Served, rows: np.ndarray) -> None:
    kind = {"O": "bytes", "i": "int64", "f": "fp32"}[rows.dtype.kind]
    asked = request(f"same-{kind}", name="x", rows=rows, parameters={"binary_data_output": True})

    async def rest(client: InferenceRESTClient, url: str) -> None:
        (output,) = (await client.infer(url, asked, model_name=f"same-{kind}")).outputs
        # This client makes texts of bytes that come over REST.
        wanted = np.vectorize(bytes.decode, otypes=[object])(rows) if kind == "bytes" else rows
        np.testing.assert_array_equal(output.as_numpy(), wanted)

    async def over_grpc(client: InferenceGRPCClient) -> None:
        np.testing.assert_array_equal((await client.infer(asked)).outputs[0].as_numpy(), rows)

    with_rest(server, rest)
    with_grpc(server, over_grpc)


def test_many_at_once(server: Served) -> None:
    async def rest(client: InferenceRESTClient, url: str) -> None:
        answers = await asyncio.gather(*(client.infer(url, request(), model_name="iris") for _ in range(50)))
        assert all(labels(answer) == [0, 2] for answer in answers)

    async def over_grpc(client: InferenceGRPCClient) -> None:
        answers = await asyncio.gather(*(client.infer(request()) for _ in range(50)))
        assert all(labels(answer) == [0, 2] for answer in answers)

    with_rest(server, rest)
    with_grpc(server, over_grpc)


def test_refusals(server: Served) -> None:
    async def rest(client: InferenceRESTClient, url: str) -> None:
        with pytest.raises(httpx.HTTPStatusError, match=r"nobody.*404"):
            await client.infer(url, request("nobody"), model_name="nobody")
        with pytest.raises(httpx.HTTPStatusError, match=r'"features".*400'):
            await client.infer(url, request(name="petals"), model_name="iris")

    async def over_grpc(client: InferenceGRPCClient) -> None:
        with pytest.raises(grpc.RpcError) as unknown:
            await client.infer(request("nobody"))
        assert unknown.value.code() == grpc.StatusCode.NOT_FOUND
        with pytest.raises(grpc.RpcError) as wrong:
            await client.infer(request(name="petals"))
        assert wrong.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert '"features"' in wrong.value.details()

    with_rest(server, rest)
    with_grpc(server, over_grpc)


def test_tls(tls_server: Served, authority: Path) -> None:
    ca = str(authority / "ca.crt")

    async def run() -> None:
        config = RESTConfig(protocol="v2", verify=ssl.create_default_context(cafile=ca))
        async with InferenceRESTClient(config) as rest:
            answer = await rest.infer(f"https://{tls_server.http}", request(), model_name="iris")
            assert labels(answer) == [0, 2]
        async with InferenceGRPCClient(tls_server.grpc, use_ssl=True, root_certificates=ca) as over_grpc:
            assert labels(await over_grpc.infer(request())) == [0, 2]

    asyncio.run(run())
