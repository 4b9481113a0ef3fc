from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import ROOT, FaultServer, Served, build_models, serve, serve_knows

TYPES = [
    "BOOL",
    "UINT8",
    "UINT16",
    "UINT32",
    "UINT64",
    "INT8",
    "INT16",
    "INT32",
    "INT64",
    "FP16",
    "FP32",
    "FP64",
    "BYTES",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Never silently: pytest -ra prints the reason, and hack/python-test.sh the number.
    if os.environ.get("AIMASS_TEST_KUBECONFIG"):
        return
    reason = "AIMASS_TEST_KUBECONFIG names no kubeconfig of a cluster with AI Mass and a ready service"
    for item in items:
        if "cluster" in item.keywords:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def has_grpc() -> bool:
    return serve_knows("grpc-port")


@pytest.fixture(scope="session")
def iris(has_grpc: bool) -> Iterator[Served]:
    folder = ROOT / "library" / "iris"
    with serve("iris", folder, "--task", "tabular-classification", "--revision", "r1", has_grpc=has_grpc) as served:
        yield served


@pytest.fixture(scope="session")
def digits(has_grpc: bool) -> Iterator[Served]:
    with serve("digits", ROOT / "library" / "digits", "--task", "image-classification", has_grpc=has_grpc) as served:
        yield served


@pytest.fixture(scope="session")
def diabetes(has_grpc: bool) -> Iterator[Served]:
    with serve("diabetes", ROOT / "library" / "diabetes", "--task", "tabular-regression", has_grpc=has_grpc) as served:
        yield served


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    build_models(folder, TYPES)
    return folder


@pytest.fixture(scope="session")
def types(built: Path, has_grpc: bool) -> Iterator[Served]:
    with serve("types", built / "types", "--task", "custom", has_grpc=has_grpc) as served:
        yield served


@pytest.fixture(scope="session")
def divide(built: Path, has_grpc: bool) -> Iterator[Served]:
    with serve("divide", built / "divide", "--task", "custom", has_grpc=has_grpc) as served:
        yield served


@pytest.fixture
def faults() -> Iterator[FaultServer]:
    server = FaultServer()
    yield server
    server.close()
