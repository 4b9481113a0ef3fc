from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from real_servers import Api

import aimass
from aimass.cluster import Cluster

ROW = np.array([5.1, 3.4, 1.5, 0.2])


@pytest.mark.api
def test_a_service_answers_through_the_api_server(api: Api) -> None:
    with aimass.connect("iris", namespace="shop", kubeconfig=api.kubeconfig) as client:
        assert "/services/iris:http/proxy" in client.address
        assert client.predict(ROW)["label"].tolist() == [0]
        assert client.infer({"features": np.ones((2, 4), "f4")}).model_name == "iris"
        client.check_ready()
        with pytest.raises(aimass.InvalidRequest, match="shape"):
            client.predict(np.ones(5))
        with pytest.raises(aimass.NotFound, match="wine"):
            client.infer({"features": np.ones((1, 4), "f4")}, model="wine")


@pytest.mark.api
async def test_the_async_client_finds_it_too(api: Api) -> None:
    async with await aimass.connect_async("iris", namespace="shop", kubeconfig=api.kubeconfig) as client:
        assert (await client.predict(ROW))["label"].tolist() == [0]


@pytest.mark.api
@pytest.mark.parametrize(
    ("target", "options", "kind", "says"),
    [
        (
            "iris",
            {"namespace": "elsewhere"},
            aimass.NotFound,
            "no InferenceService 'iris' in the namespace 'elsewhere'",
        ),
        ("iris", {}, aimass.NotFound, "there is none at all; name another namespace"),
        ("wine", {"namespace": "shop"}, aimass.NotFound, "there are: digits, digits-two, iris"),
        ("digits", {"namespace": "shop"}, aimass.NotReady, "Correct spec.source.uri"),
        ("iris", {"namespace": "shop", "context": "other"}, aimass.NoCluster, "no kube context 'other'; there are:"),
        ("iris", {"namespace": "shop", "via": "pigeon"}, aimass.InvalidRequest, "auto, proxy, port-forward, direct"),
        ("iris", {"namespace": "shop", "via": "proxy", "protocol": "grpc"}, aimass.Unsupported, "port-forward"),
        ("iris", {"namespace": "shop", "via": "port-forward"}, aimass.NotReady, "no pod"),
    ],
)
def test_what_cannot_be_found_or_reached(
    api: Api, target: str, options: dict[str, Any], kind: type[aimass.AimassError], says: str
) -> None:
    with pytest.raises(kind, match=says):
        aimass.connect(target, kubeconfig=api.kubeconfig, **options)


@pytest.mark.api
def test_a_model_leads_to_the_only_service_that_serves_it(api: Api) -> None:
    cluster = Cluster(kubeconfig=api.kubeconfig, namespace="shop")
    api.kubectl("delete", "inferenceservice", "digits", "-n", "shop")
    try:
        assert cluster.service("digits")["metadata"]["name"] == "digits-two"
        service = {
            "apiVersion": "aimass.dev/v1alpha1",
            "kind": "InferenceService",
            "spec": {"model": {"name": "digits"}},
        }
        api.apply({**service, "metadata": {"name": "digits-three", "namespace": "shop"}})
        with pytest.raises(aimass.InvalidRequest, match="digits-three, digits-two"):
            cluster.service("digits")
    finally:
        api.kubectl("delete", "inferenceservice", "digits-three", "-n", "shop", "--ignore-not-found")
        api.apply({**service, "metadata": {"name": "digits", "namespace": "shop"}})
        api.set_status("inferenceservice", "digits", {"waitingFor": "Correct spec.source.uri"})


@pytest.mark.api
def test_a_service_whose_pods_have_just_gone_is_not_ready(api: Api) -> None:
    retry = aimass.RetryPolicy(attempts=1)
    with (
        aimass.connect("digits-two", namespace="shop", kubeconfig=api.kubeconfig, retry=retry) as client,
        pytest.raises(aimass.NotReady, match="'digits-two' has no ready pod"),
    ):
        client.predict(ROW)


@pytest.mark.api
def test_rights_decide_the_way(api: Api, tmp_path: Path) -> None:
    nobody = api.as_user("nobody", tmp_path)
    with pytest.raises(aimass.Unauthorized, match="inferenceservices"):
        aimass.connect("iris", namespace="shop", kubeconfig=nobody)

    def allow(user: str, *rules: dict[str, Any]) -> None:
        meta = {"name": user, "namespace": "shop"}
        rbac = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": meta}
        subject = {"kind": "ServiceAccount", "name": user, "namespace": "shop"}
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": user}
        api.apply({**rbac, "kind": "Role", "rules": list(rules)})
        api.apply({**rbac, "kind": "RoleBinding", "subjects": [subject], "roleRef": role})

    reading = {"apiGroups": ["aimass.dev"], "resources": ["inferenceservices", "models"], "verbs": ["get", "list"]}
    viewer = api.as_user("viewer", tmp_path)
    allow("viewer", reading)
    assert len(Cluster(kubeconfig=viewer, namespace="shop").models()) == 2
    with pytest.raises(aimass.Unauthorized, match="services/proxy, or to list pods"):
        aimass.connect("iris", namespace="shop", kubeconfig=viewer)
    caller = api.as_user("caller", tmp_path)
    allow("caller", reading, {"apiGroups": [""], "resources": ["services/proxy"], "verbs": ["get", "create"]})
    with aimass.connect("iris", namespace="shop", kubeconfig=caller) as client:
        assert client.predict(ROW)["label"].tolist() == [0]
    forwarder = api.as_user("forwarder", tmp_path)
    pods = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}
    allow("forwarder", reading, pods, {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["create"]})
    with pytest.raises(aimass.NotReady, match="no pod with the label"):
        aimass.connect("iris", namespace="shop", kubeconfig=forwarder)


@pytest.mark.api
def test_a_cluster_without_ai_mass_says_so(api: Api) -> None:
    cluster = Cluster(kubeconfig=api.kubeconfig)
    with pytest.raises(aimass.NotFound):
        cluster._access.list_all("/apis/aimass.dev/v1alpha1/namespaces/default/nothings")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "KUBECONFIG"),
        ("", "KUBECONFIG|broken"),
        ("{", "KUBECONFIG|broken"),
        ("apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n", "KUBECONFIG|broken"),
        ("current-context: a\ncontexts:\n- name: a\n  context: {cluster: b}\nclusters: []\n", "KUBECONFIG|broken"),
    ],
    ids=["missing", "empty", "not yaml", "no context", "no cluster"],
)
def test_a_kubeconfig_that_is_none(tmp_path: Path, content: str | None, says: str) -> None:
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content)
    with pytest.raises(aimass.NoCluster, match=says):
        aimass.connect("iris", kubeconfig=str(path))


def test_an_api_server_that_is_down(tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        "current-context: a\ncontexts:\n- name: a\n  context: {cluster: c, user: u}\n"
        "clusters:\n- name: c\n  cluster: {server: 'https://127.0.0.1:1'}\nusers:\n- name: u\n  user: {token: t}\n"
    )
    with pytest.raises(aimass.ConnectionFailed, match="API server of the context 'a'"):
        aimass.connect("iris", kubeconfig=str(tmp_path / "config"))


@pytest.fixture(params=["proxy", "port-forward"])
def real(request: pytest.FixtureRequest) -> Iterator[aimass.Client]:
    kubeconfig = os.environ["AIMASS_TEST_KUBECONFIG"]
    namespace = os.environ.get("AIMASS_TEST_NAMESPACE", "default")
    name = os.environ.get("AIMASS_TEST_SERVICE", "iris")
    with aimass.connect(name, namespace=namespace, kubeconfig=kubeconfig, via=request.param) as client:
        yield client


@pytest.mark.cluster
def test_a_service_of_a_real_cluster_answers(real: aimass.Client) -> None:
    real.check_ready()
    assert real.predict(ROW)["label"].tolist() == [0]
    rows = np.tile(ROW, (50, 1))
    assert real.predict_all(rows, batch_size=5, concurrency=4)["label"].tolist() == [0] * 50
    with pytest.raises(aimass.InvalidRequest, match="shape"):
        real.predict(np.ones(5))


@pytest.mark.cluster
async def test_the_async_client_in_a_real_cluster() -> None:
    options: dict[str, Any] = {
        "kubeconfig": os.environ["AIMASS_TEST_KUBECONFIG"],
        "namespace": os.environ.get("AIMASS_TEST_NAMESPACE", "default"),
    }
    async with await aimass.connect_async(os.environ.get("AIMASS_TEST_SERVICE", "iris"), **options) as client:
        assert (await client.predict(ROW))["label"].tolist() == [0]
