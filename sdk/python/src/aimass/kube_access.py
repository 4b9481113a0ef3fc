"""The Kubernetes API through the official client: configuration, typed errors, rights."""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Generator, Iterator
from typing import Any
from urllib.parse import urlencode

import httpx

from .errors import AimassError, ConnectionFailed, InvalidRequest, NoCluster, Unauthorized, error_for_status

_SECONDS = 15
_PAGE = 500
_TOKEN_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
_BAD_PATCH = "failed to create typed patch object"
_RIGHTS = {
    "proxy": (("services", "proxy", ("get", "create")),),
    "port-forward": (("pods", "", ("list",)), ("pods", "portforward", ("create",))),
}


def in_cluster() -> bool:
    """Whether this runs in a pod with a service account, and no kubeconfig says otherwise."""
    return "KUBERNETES_SERVICE_HOST" in os.environ and "KUBECONFIG" not in os.environ


def _import_kubernetes() -> Any:
    try:
        import kubernetes
    except ImportError as error:
        raise NoCluster(
            "services by name need the package kubernetes: pip install 'aimass[kube]'; or connect by URL"
        ) from error
    return kubernetes


class KubeAccess:
    """One kube context."""

    def __init__(self, context: str | None, kubeconfig: str | None) -> None:
        self._kubernetes = _import_kubernetes()
        self.configuration = self._kubernetes.client.Configuration()
        if kubeconfig is None and context is None and in_cluster():
            self._load_in_cluster()
        else:
            self._load_file(context, kubeconfig)
        self._http = httpx.Client(
            base_url=self.configuration.host,
            verify=tls_context(self.configuration),
            auth=proxy_auth(self.configuration),
            timeout=_SECONDS,
            headers={"accept": "application/json"},
        )

    def new_client(self) -> Any:
        """A client of its own: what streams through a client must not share it."""
        return self._kubernetes.client.ApiClient(self.configuration)

    def _load_in_cluster(self) -> None:
        try:
            self._kubernetes.config.load_incluster_config(client_configuration=self.configuration)
            with open(f"{_TOKEN_FOLDER}/namespace", encoding="utf-8") as file:
                self.namespace = file.read().strip() or "default"
        except (self._kubernetes.config.ConfigException, OSError) as error:
            raise NoCluster(
                f"the pod has no usable service account: {error}; set KUBECONFIG, or connect by URL"
            ) from error
        self.context = "in-cluster"

    def _load_file(self, context: str | None, kubeconfig: str | None) -> None:
        from yaml import YAMLError  # comes with the kubernetes package

        config = self._kubernetes.config
        try:
            contexts, current = config.list_kube_config_contexts(config_file=kubeconfig)
            names = [entry["name"] for entry in contexts]
            if context is not None and context not in names:
                raise NoCluster(f"there is no kube context {context!r}; there are: {', '.join(names) or 'none'}")
            chosen = next(entry for entry in contexts if entry["name"] == (context or current["name"]))
            config.load_kube_config(
                config_file=kubeconfig, context=chosen["name"], client_configuration=self.configuration
            )
        except (config.ConfigException, OSError) as error:
            raise NoCluster(f"no usable kubeconfig: {error}; set KUBECONFIG, or connect by URL") from error
        except (KeyError, TypeError, AttributeError, ValueError, YAMLError) as error:
            raise NoCluster("the kubeconfig is broken; check it with kubectl config view, or connect by URL") from error
        self.context = str(chosen["name"])
        self.namespace = str((chosen.get("context") or {}).get("namespace") or "default")

    def list_all(self, path: str, selector: str | None = None) -> list[dict[str, Any]]:
        """All objects of a list, page by page; ``selector`` is a label selector."""
        items: list[dict[str, Any]] = []
        query = {"limit": str(_PAGE)}
        if selector is not None:
            query["labelSelector"] = selector
        while True:
            page = self.call("GET", f"{path}?{urlencode(query)}")
            items += page.get("items") or []
            token = (page.get("metadata") or {}).get("continue")
            if not token:
                return items
            query["continue"] = token

    def call(self, method: str, path: str, body: Any = None, *, content_type: str | None = None) -> Any:
        """One request to the API server; raises typed errors. ``content_type`` says which kind of patch it is."""
        headers = None if content_type is None else {"content-type": content_type}
        # Our own connection: how the kubernetes client is called inside changes with its versions.
        with self._errors_typed():
            response = self._http.request(method, path, json=body, headers=headers)
        if response.is_success:
            return response.json()
        raise self._typed(response)

    def stream(self, path: str) -> Iterator[str]:
        """Lines of an answer as they come, however long that takes; raises typed errors."""
        timeout = httpx.Timeout(_SECONDS, read=None)
        with self._errors_typed(), self._http.stream("GET", path, timeout=timeout) as response:
            if not response.is_success:
                response.read()
                raise self._typed(response)
            left = ""
            for text in response.iter_text():
                *lines, left = (left + text).split("\n")
                yield from lines
            if left:
                yield left

    @contextlib.contextmanager
    def _errors_typed(self) -> Iterator[None]:
        where = f"the API server of the context {self.context!r} ({self.configuration.host})"
        try:
            yield
        except self._kubernetes.config.ConfigException as error:
            raise NoCluster(f"logging in to the cluster failed: {error}") from error
        except httpx.TimeoutException as error:
            raise ConnectionFailed(f"{where} gave no answer within {_SECONDS} s") from error
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise ConnectionFailed(f"{where} cannot be reached: {error}") from error

    def may_take(self, way: str, namespace: str, name: str) -> bool:
        """Whether this user has the rights for a way to a service."""
        checks = [(resource, subresource, verb) for resource, subresource, verbs in _RIGHTS[way] for verb in verbs]
        return all(self._may(namespace, resource, subresource, verb, name) for resource, subresource, verb in checks)

    def _may(self, namespace: str, resource: str, subresource: str, verb: str, name: str) -> bool:
        attributes = {"namespace": namespace, "verb": verb, "resource": resource}
        if subresource:
            attributes["subresource"] = subresource
        if resource == "services":
            # The name is that of the proxy's path, with the port.
            attributes["name"] = f"{name}:http"
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        try:
            answer = self.call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
        except Unauthorized:
            # Some clusters do not let users ask. Trying will tell.
            return True
        return bool((answer.get("status") or {}).get("allowed"))

    def _typed(self, response: httpx.Response) -> AimassError:
        try:
            message = str(response.json()["message"])
        except (ValueError, KeyError, TypeError):
            message = f"the API server answered {response.status_code}"
        if response.status_code == 401:
            message = f"the API server of the context {self.context!r} does not accept this login; log in again"
        if response.status_code == 422 or _BAD_PATCH in message:
            # An object that breaks a rule of its kind. A field that the kind does not know is, in an apply, code 500.
            return InvalidRequest(message, status=response.status_code)
        return error_for_status(response.status_code)(message, status=response.status_code)


def tls_context(configuration: Any) -> ssl.SSLContext:
    """TLS as the kubeconfig has it, for our own connection to the API server."""
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert or None)
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    return context


class _KubeAuth(httpx.Auth):
    """Adds the token of the kubeconfig, fetched anew when it has run out."""

    def __init__(self, configuration: Any) -> None:
        self._configuration = configuration

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header, when there is a token."""
        for setting in self._configuration.auth_settings().values():
            if setting.get("in") == "header" and setting.get("value"):
                request.headers[setting["key"]] = setting["value"]
        yield request


def proxy_auth(configuration: Any) -> httpx.Auth:
    """The login of the kubeconfig, for our own connection to the API server."""
    return _KubeAuth(configuration)
