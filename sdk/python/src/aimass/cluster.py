"""Models and services of a Kubernetes cluster, and the way to a service by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .drivers import Route
from .errors import AimassError, InvalidRequest, NoCluster, NotFound, NotReady, Unauthorized, Unavailable, Unsupported
from .kube_access import KubeAccess, in_cluster, proxy_auth, tls_context
from .objects import GROUP, VERSION, Objects
from .training import TrainingJobs

_SERVICE_LABEL = "aimass.dev/inference-service"
_VIAS = ("auto", "proxy", "port-forward", "direct")


class Cluster:
    """The cluster of a kube context.

    Args:
        context: Name of the context; default: the current one, or the pod's own cluster inside a pod.
        namespace: Namespace to look in; default: that of the context.
        kubeconfig: Path of the kubeconfig; default: ``$KUBECONFIG`` or ``~/.kube/config``.

    Raises:
        NoCluster: there is no kubeconfig or no such context, or the ``kubernetes`` package is missing.
    """

    def __init__(
        self, *, context: str | None = None, namespace: str | None = None, kubeconfig: str | None = None
    ) -> None:
        self._access = KubeAccess(context, kubeconfig)
        self.namespace = namespace or self._access.namespace

    @property
    def context(self) -> str:
        """Name of the context, or ``in-cluster``."""
        return self._access.context

    @property
    def objects(self) -> Objects:
        """Single objects of the namespace: get, select, apply, patch, remove."""
        return Objects(self._access, self.namespace)

    @property
    def training(self) -> TrainingJobs:
        """The TrainingJobs of the namespace: what they do, their logs and trials, and what steers them."""
        return TrainingJobs(self.objects, self._access)

    def training_jobs(self, *, all_namespaces: bool = False) -> list[dict[str, Any]]:
        """All TrainingJobs as they are in the cluster."""
        return self._list("trainingjobs", all_namespaces)

    def toolkit_image(self) -> str:
        """The image of the toolkit, as the Deployment of AI Mass that searches has it.

        Raises:
            NotFound: there is none, or this user may not look.
        """
        labels = "app.kubernetes.io/part-of=aimass,app.kubernetes.io/component=suggest"
        try:
            found = self._access.list_all("/apis/apps/v1/deployments", labels)
        except Unauthorized:
            found = []
        for deployment in found:
            return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])
        raise NotFound("the toolkit image is not to be found in this cluster: name it, or ask the platform team for it")

    def models(self, *, all_namespaces: bool = False) -> list[dict[str, Any]]:
        """All Models as they are in the cluster; one dict each, with ``metadata``, ``spec`` and ``status``."""
        return self._list("models", all_namespaces)

    def services(self, *, all_namespaces: bool = False) -> list[dict[str, Any]]:
        """All InferenceServices as they are in the cluster."""
        return self._list("inferenceservices", all_namespaces)

    def service(self, name: str) -> dict[str, Any]:
        """The InferenceService of that name, or the only one that serves a Model of that name.

        Raises:
            NotFound: there is none.
            InvalidRequest: several serve that Model.
        """
        services = self.services()
        for service in services:
            if service["metadata"]["name"] == name:
                return service
        serving = [service for service in services if _model_of(service) == name]
        if len(serving) == 1:
            return serving[0]
        if serving:
            names = ", ".join(sorted(service["metadata"]["name"] for service in serving))
            raise InvalidRequest(f"several services serve {name!r}: {names}; name one of them")
        raise NotFound(self._nothing_named(name, services))

    def route(
        self,
        name: str,
        *,
        model: str | None = None,
        via: str = "auto",
        headers: dict[str, str] | None = None,
        wants_grpc: bool = False,
    ) -> Route:
        """Find the way to a service; see :func:`aimass.connect`."""
        if via not in _VIAS:
            raise InvalidRequest(f"via is {via!r}; use one of {', '.join(_VIAS)}")
        service = self.service(name)
        service_name = service["metadata"]["name"]
        model = model or _model_of(service)
        ready = (service.get("status") or {}).get("readyReplicas") or 0
        if ready == 0:
            raise NotReady(f"service {service_name!r} has no ready pod. {_waiting_for(service)}".rstrip(), model=model)
        chosen = self._choose_way(via, service_name, wants_grpc)
        if chosen == "direct":
            return self._direct(service, model, headers)
        if chosen == "port-forward":
            return self._forwarded(service_name, model, headers)
        return self._proxied(service_name, model, headers)

    def _choose_way(self, via: str, name: str, wants_grpc: bool) -> str:
        if wants_grpc and via == "proxy":
            raise Unsupported('the API server\'s proxy carries no gRPC; use via="port-forward"')
        if via != "auto":
            return via
        if in_cluster():
            return "direct"
        ways = ("port-forward",) if wants_grpc else ("proxy", "port-forward")
        for way in ways:
            if self._access.may_take(way, self.namespace, name):
                return way
        raise Unauthorized(
            f"this user may not reach services of the namespace {self.namespace!r}: ask for the right to get and "
            "create services/proxy, or to list pods and create pods/portforward"
        )

    def _direct(self, service: Mapping[str, Any], model: str | None, headers: dict[str, str] | None) -> Route:
        url = (service.get("status") or {}).get("url")
        if not url:
            raise NotReady(f"service {service['metadata']['name']!r} has no address yet", model=model)
        return Route(url.rstrip("/"), None, model, headers)

    def _proxied(self, name: str, model: str | None, headers: dict[str, str] | None) -> Route:
        configuration = self._access.configuration
        base = f"{configuration.host.rstrip('/')}/api/v1/namespaces/{self.namespace}/services/{name}:http/proxy"

        def describe(error: AimassError) -> AimassError:
            if isinstance(error, Unavailable) and "no endpoints available" in error.message:
                return NotReady(f"service {name!r} has no ready pod; see aimass status {name}", status=503, model=model)
            return error

        return Route(
            base,
            None,
            model,
            headers,
            verify=tls_context(configuration),
            auth=proxy_auth(configuration),
            describe_failure=describe,
        )

    def _forwarded(self, name: str, model: str | None, headers: dict[str, str] | None) -> Route:
        from .forward import Forward

        forward = Forward(self._access, self.namespace, f"{_SERVICE_LABEL}={name}")
        try:
            http = forward.listen("http")
            grpc = forward.listen("grpc", optional=True)
        except BaseException:
            forward.close()
            raise
        grpc_url = None if grpc is None else f"grpc://127.0.0.1:{grpc}"
        return Route(f"http://127.0.0.1:{http}", grpc_url, model, headers, close=forward.close)

    def _list(self, plural: str, all_namespaces: bool) -> list[dict[str, Any]]:
        path = f"/apis/{GROUP}/{VERSION}"
        path += f"/{plural}" if all_namespaces else f"/namespaces/{self.namespace}/{plural}"
        try:
            return self._access.list_all(path)
        except NotFound as error:
            raise NotFound(
                f"the cluster of the context {self.context!r} does not know {GROUP}: AI Mass is not installed there, "
                "or this is another cluster than you mean (--context)",
                status=404,
            ) from error

    def _nothing_named(self, name: str, services: list[dict[str, Any]]) -> str:
        where = f"the namespace {self.namespace!r} of the context {self.context!r}"
        known = ", ".join(sorted(service["metadata"]["name"] for service in services)[:20])
        there = f"there are: {known}" if known else "there is none at all; name another namespace"
        return f"no InferenceService {name!r} in {where}; {there}"


def _model_of(service: Mapping[str, Any]) -> str | None:
    name = ((service.get("spec") or {}).get("model") or {}).get("name")
    return None if name is None else str(name)


def _waiting_for(service: Mapping[str, Any]) -> str:
    return str((service.get("status") or {}).get("waitingFor") or "")


__all__ = ["Cluster", "NoCluster"]
