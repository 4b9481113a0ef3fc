"""Fixtures of both packages: servers of this repository, and a real Kubernetes API server."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from servers import NODE, ROOT, FaultServer, Served, build_models, serve

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
BIN = Path(os.environ.get("AIMASS_CACHE", Path.home() / ".cache" / "aimass")) / "bin"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Never silently: pytest -ra prints the reasons, and hack/python-test.sh the number.
    reasons = {}
    if not os.environ.get("AIMASS_TEST_KUBECONFIG"):
        reasons["cluster"] = "AIMASS_TEST_KUBECONFIG names no kubeconfig of a cluster with AI Mass and a ready service"
    if not all((BIN / name).exists() for name in ("etcd", "kube-apiserver", "kubectl")):
        reasons["api"] = "the Kubernetes programs are not built (hack/local-cluster/build.sh)"
    for item in items:
        for marker, reason in reasons.items():
            if marker in item.keywords:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def iris() -> Iterator[Served]:
    folder = ROOT / "library" / "iris"
    flags = ("--task", "tabular-classification", "--revision", "r1")
    with serve("iris", folder, *flags) as served:
        yield served


@pytest.fixture(scope="session")
def library() -> Iterator[Served]:
    """All models of the library behind one address."""
    with serve(None, ROOT / "library", "--repository-api") as served:
        yield served


@pytest.fixture(scope="session")
def digits() -> Iterator[Served]:
    with serve("digits", ROOT / "library" / "digits", "--task", "image-classification") as served:
        yield served


@pytest.fixture(scope="session")
def diabetes() -> Iterator[Served]:
    with serve("diabetes", ROOT / "library" / "diabetes", "--task", "tabular-regression") as served:
        yield served


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    build_models(folder, TYPES)
    return folder


@pytest.fixture(scope="session")
def types(built: Path) -> Iterator[Served]:
    with serve("types", built / "types", "--task", "custom") as served:
        yield served


@pytest.fixture(scope="session")
def divide(built: Path) -> Iterator[Served]:
    with serve("divide", built / "divide", "--task", "custom") as served:
        yield served


@pytest.fixture
def faults() -> Iterator[FaultServer]:
    server = FaultServer()
    yield server
    server.close()


_CONTROL_PLANE = """
const { startControlPlane } = await import(process.argv[1]);
const plane = await startControlPlane();
console.log(JSON.stringify({ kubeconfig: plane.kubeconfigPath }));
process.stdin.on('end', () => plane.stop().then(() => process.exit(0))).resume();
"""


@dataclass(frozen=True)
class Api:
    """A real API server that holds the kinds of AI Mass; no controllers, no nodes."""

    kubeconfig: str

    def kubectl(self, *args: str, stdin: str | None = None) -> str:
        command = [BIN / "kubectl", "--kubeconfig", self.kubeconfig, *args]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, f"kubectl {args}: {done.stderr}"
        return done.stdout

    def apply(self, *objects: object) -> None:
        for item in objects:
            self.kubectl("apply", "-f", "-", stdin=json.dumps(item))

    def set_status(self, kind: str, name: str, status: object) -> None:
        patch = json.dumps({"status": status})
        self.kubectl("patch", kind, name, "-n", "shop", "--subresource=status", "--type=merge", "-p", patch)

    def as_user(self, name: str, folder: Path) -> str:
        """A kubeconfig of a service account of the namespace shop."""
        self.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "shop"}})
        token = self.kubectl("create", "token", name, "-n", "shop").strip()
        config = json.loads(self.kubectl("config", "view", "--raw", "-o", "json"))
        config["users"][0]["user"] = {"token": token}
        (folder / name).write_text(json.dumps(config))
        return str(folder / name)


def _own_address() -> str:
    # No packet is sent; it only tells the address that others see. The API server refuses to proxy to loopback.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])


@pytest.fixture(scope="session")
def api(iris: Served) -> Iterator[Api]:
    """An API server with two Models and three services in the namespace shop; iris really answers."""
    script = str(ROOT / "hack" / "local-cluster" / "control-plane.ts")
    process = subprocess.Popen(
        [NODE, "--input-type=module", "-e", _CONTROL_PLANE, script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        api = Api(json.loads(process.stdout.readline())["kubeconfig"])
        _fill(api, iris)
        yield api
    finally:
        process.stdin.close()
        process.wait(60)


def _fill(api: Api, iris: Served) -> None:
    for kind in ("models", "inferenceservices", "trainingjobs"):
        api.kubectl("apply", "--server-side", "-f", str(ROOT / "crds" / f"aimass.dev_{kind}.yaml"))
    api.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    for name, task in (("iris", "tabular-classification"), ("digits", "image-classification")):
        source = {"uri": f"https://example.com/{name}.onnx"}
        api.apply(_object("Model", name, {"task": task, "source": source}))
    for name, model in (("iris", "iris"), ("digits", "digits"), ("digits-two", "digits")):
        api.apply(_object("InferenceService", name, {"model": {"name": model}}))
    api.set_status("model", "iris", MODEL_STATUS)
    api.set_status("inferenceservice", "iris", SERVICE_STATUS)
    waiting = 'The Model "digits" is not verified yet: its source answers 404. Correct spec.source.uri.'
    api.set_status(
        "inferenceservice", "digits", {"waitingFor": waiting, "conditions": [_condition("False", "ModelNotReady")]}
    )
    api.set_status("inferenceservice", "digits-two", {"readyReplicas": 1})
    port = int(iris.url.rsplit(":", 1)[1])
    api.apply(_service("iris", port), _service("digits-two", port), *_pod_and_endpoints(port))
    pod = {"podIP": _own_address(), "podIPs": [{"ip": _own_address()}], "phase": "Running"}
    api.set_status("pod", "iris-0", pod)


def _service(name: str, port: int) -> dict[str, object]:
    spec = {"ports": [{"name": "http", "port": 80, "targetPort": port}]}
    return {**_object("Service", name, spec), "apiVersion": "v1"}


def _pod_and_endpoints(port: int) -> list[dict[str, object]]:
    """The API server proxies only to addresses of a Pod that has them."""
    pod = _object("Pod", "iris-0", {"containers": [{"name": "serve", "image": "none"}]})
    target = {"kind": "Pod", "namespace": "shop", "name": "iris-0"}
    address = {"ip": _own_address(), "targetRef": target}
    endpoints = {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": "iris", "namespace": "shop"},
        "subsets": [{"addresses": [address], "ports": [{"name": "http", "port": port}]}],
    }
    empty = {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "digits-two", "namespace": "shop"}}
    return [{**pod, "apiVersion": "v1"}, endpoints, empty]


def _object(kind: str, name: str, spec: object) -> dict[str, object]:
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "aimass.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def _condition(status: str, reason: str) -> dict[str, str]:
    return {
        "type": "Ready",
        "status": status,
        "reason": reason,
        "message": f"It is {reason}.",
        "lastTransitionTime": "2026-11-25T01:00:00Z",
    }


MODEL_STATUS = {
    "conditions": [_condition("True", "Verified")],
    "usedBy": ["iris"],
    "usedByCount": 1,
    "current": {
        "revision": "r1",
        "digest": "sha256:" + "a" * 64,
        "sizeBytes": 5120,
        "report": {"golden": {"total": 6, "passed": 6, "source": "Artifact"}, "latencyMs": {"p50": 0.02, "p99": 0.1}},
    },
}
SERVICE_STATUS = {
    "conditions": [_condition("True", "Serving")],
    "url": "http://iris.shop.svc",
    "replicas": 2,
    "readyReplicas": 1,
    "modelRevision": "r1",
    "revisions": [{"name": "iris-r1", "modelDigest": "sha256:" + "a" * 64, "percent": 100, "state": "Serving"}],
    "figures": {
        "observedAt": "2026-11-25T01:00:00Z",
        "requestsPerSecond": 12.5,
        "errorRate": 0.01,
        "latencyMs": {"p50": 1.5, "p99": 7.25},
        "inFlight": 1,
        "cpu": 0.2,
        "memoryBytes": 104857600,
    },
}
