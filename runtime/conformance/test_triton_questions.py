"""tritonclient, REST and gRPC, blocking and asyncio: everything but inference."""

import asyncio
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from tritonclient.utils import InferenceServerException

from server import Served

TRANSPORTS = ["http", "grpc"]


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def api(transport: str) -> ModuleType:
    return importlib.import_module(f"tritonclient.{transport}")


@pytest.fixture
def client(api: ModuleType, transport: str, server: Served) -> Iterator[Any]:
    with api.InferenceServerClient(getattr(server, transport)) as made:
        yield made


def plain(answer: Any) -> dict[str, Any]:
    """gRPC answers come as messages, REST answers as what their JSON says."""
    if isinstance(answer, dict):
        return answer
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(answer, preserving_proto_field_name=True)


def test_health(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("iris")
    assert client.is_model_ready("iris", "1")


def test_what_is_not_there_is_not_ready(client: Any) -> None:
    assert not client.is_model_ready("nobody")
    assert not client.is_model_ready("iris", "7")


def test_server_metadata(client: Any) -> None:
    answer = plain(client.get_server_metadata())
    assert answer["name"] == "aimass"
    assert answer["version"]
    assert set(answer["extensions"]) >= {"binary_tensor_data", "classification", "statistics", "model_repository"}


def test_model_metadata(client: Any) -> None:
    answer = plain(client.get_model_metadata("iris"))
    assert (answer["name"], answer["versions"], answer["platform"]) == ("iris", ["1"], "onnx_onnxv1")
    (features,) = answer["inputs"]
    assert (features["name"], features["datatype"], [int(size) for size in features["shape"]]) == (
        "features",
        "FP32",
        [-1, 4],
    )
    assert [output["name"] for output in answer["outputs"]] == ["label", "probabilities"]


def test_model_config(client: Any) -> None:
    answer = plain(client.get_model_config("iris"))
    config = answer.get("config", answer)
    assert (config["name"], config["backend"]) == ("iris", "onnxruntime")
    assert config["max_batch_size"] > 1
    (features,) = config["input"]
    assert (features["data_type"], [int(size) for size in features["dims"]]) == ("TYPE_FP32", [4])


def test_statistics_count_what_was_asked(client: Any, api: ModuleType) -> None:
    def successes(answer: Any) -> int:
        (stats,) = [one for one in plain(answer)["model_stats"] if one["name"] == "sum"]
        return int(stats.get("inference_stats", {}).get("success", {}).get("count", 0))

    before = successes(client.get_inference_statistics("sum"))
    rows = np.ones((2, 4), np.int32)
    inputs = [api.InferInput(name, rows.shape, "INT32") for name in ("a", "b")]
    for tensor in inputs:
        tensor.set_data_from_numpy(rows)
    client.infer("sum", inputs)
    assert successes(client.get_inference_statistics("sum", "1")) == before + 1
    assert successes(client.get_inference_statistics()) == before + 1


def test_as_json(server: Served) -> None:
    import tritonclient.grpc as api

    with api.InferenceServerClient(server.grpc) as client:
        assert client.get_server_metadata(as_json=True)["name"] == "aimass"
        assert client.get_model_config("iris", as_json=True)["config"]["platform"] == "onnxruntime_onnx"
        assert client.get_model_repository_index(as_json=True)["models"]
        stats = client.get_inference_statistics("iris", as_json=True)["model_stats"][0]
        assert stats["version"] == "1"


def states(client: Any) -> dict[str, str]:
    answer = client.get_model_repository_index()
    entries = answer if isinstance(answer, list) else plain(answer)["models"]
    return {entry["name"]: entry["state"] for entry in entries}


def test_repository(client: Any) -> None:
    assert states(client)["divide"] == "READY"
    client.unload_model("divide")
    assert states(client)["divide"] == "UNAVAILABLE"
    assert not client.is_model_ready("divide")
    client.load_model("divide")
    assert states(client)["divide"] == "READY"
    assert client.is_model_ready("divide")


def test_a_model_put_into_the_folder_later_is_loaded(client: Any, transport: str, models: Path) -> None:
    name = f"later-{transport}"
    (models / name / "1").mkdir(parents=True)
    (models / name / "1" / "model.onnx").write_bytes((models / "divide" / "1" / "model.onnx").read_bytes())
    client.load_model(name)
    assert client.is_model_ready(name)
    client.unload_model(name)


def test_the_repository_asks_for_its_token(api: ModuleType, transport: str, guarded_server: Served) -> None:
    known = {"authorization": "Bearer s3cret"}
    with api.InferenceServerClient(getattr(guarded_server, transport)) as client:
        for headers in (None, {"authorization": "Bearer guess"}):
            with pytest.raises(InferenceServerException) as caught:
                client.unload_model("divide", headers=headers)
            assert caught.value.status() == ("StatusCode.UNAUTHENTICATED" if transport == "grpc" else "401")
        assert client.is_model_ready("divide")
        client.unload_model("divide", headers=known)
        assert not client.is_model_ready("divide")
        client.load_model("divide", headers=known)
        assert client.get_model_repository_index(headers=known)


@pytest.mark.parametrize(
    ("act", "status", "said"),
    [
        pytest.param(lambda client: client.load_model("nobody"), "NOT_FOUND", "nobody", id="load of an unknown name"),
        pytest.param(
            lambda client: client.unload_model("nobody"), "NOT_FOUND", "nobody", id="unload of an unknown name"
        ),
        pytest.param(
            lambda client: client.load_model("iris", config="{}"), "INVALID_ARGUMENT", "config", id="own configuration"
        ),
        pytest.param(
            lambda client: client.get_model_metadata("nobody"), "NOT_FOUND", "nobody", id="metadata of an unknown name"
        ),
        pytest.param(
            lambda client: client.get_model_config("iris", "7"),
            "NOT_FOUND",
            "7",
            id="configuration of an unknown version",
        ),
        pytest.param(
            lambda client: client.get_inference_statistics("nobody"), "NOT_FOUND", "nobody", id="statistics of nobody"
        ),
        pytest.param(lambda client: client.get_trace_settings(), "UNIMPLEMENTED", "", id="trace settings"),
        pytest.param(lambda client: client.get_log_settings(), "UNIMPLEMENTED", "", id="log settings"),
        pytest.param(
            lambda client: client.get_system_shared_memory_status(), "UNIMPLEMENTED", "", id="system shared memory"
        ),
        pytest.param(
            lambda client: client.get_cuda_shared_memory_status(), "UNIMPLEMENTED", "", id="CUDA shared memory"
        ),
    ],
)
def test_refusals(client: Any, transport: str, act: Any, status: str, said: str) -> None:
    numbers = {"NOT_FOUND": "404", "INVALID_ARGUMENT": "400", "UNIMPLEMENTED": "404"}
    with pytest.raises(InferenceServerException) as caught:
        act(client)
    assert caught.value.status() == (f"StatusCode.{status}" if transport == "grpc" else numbers[status])
    assert said in caught.value.message()


async def ask_everything(client: Any) -> None:
    assert await client.is_server_live()
    assert await client.is_server_ready()
    assert await client.is_model_ready("iris")
    assert not await client.is_model_ready("nobody")
    assert plain(await client.get_server_metadata())["name"] == "aimass"
    assert plain(await client.get_model_metadata("iris"))["versions"] == ["1"]
    config = plain(await client.get_model_config("iris"))
    assert config.get("config", config)["name"] == "iris"
    assert plain(await client.get_inference_statistics("iris"))["model_stats"]
    await client.unload_model("divide")
    assert not await client.is_model_ready("divide")
    await client.load_model("divide")
    index = await client.get_model_repository_index()
    entries = index if isinstance(index, list) else plain(index)["models"]
    assert {"name": "divide", "version": "1", "state": "READY"}.items() <= next(
        entry for entry in entries if entry["name"] == "divide"
    ).items()
    with pytest.raises(InferenceServerException, match="nobody"):
        await client.get_model_metadata("nobody")


def test_asyncio(transport: str, server: Served) -> None:
    api = importlib.import_module(f"tritonclient.{transport}.aio")

    async def run() -> None:
        async with api.InferenceServerClient(getattr(server, transport)) as client:
            await ask_everything(client)

    asyncio.run(run())
