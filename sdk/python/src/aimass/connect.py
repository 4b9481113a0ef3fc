"""``connect``: from a URL, or the name of a service in a cluster, to a client."""

from __future__ import annotations

import asyncio
from typing import Any, Literal
from urllib.parse import urlsplit

from typing_extensions import TypedDict, Unpack

from .async_client import AsyncClient
from .client import Client
from .core import Protocol
from .drivers import Route
from .errors import InvalidRequest
from .retry import RetryPolicy

Via = Literal["auto", "proxy", "port-forward", "direct"]


class ConnectOptions(TypedDict, total=False):
    """Options of :func:`connect` and :func:`connect_async`; all may be left out."""

    model: str | None
    """The model to ask when a call names none."""
    grpc_url: str | None
    """``grpc://host:port`` of the same server; inference then goes by gRPC where it can."""
    namespace: str | None
    """Namespace of the service; default: that of the context."""
    context: str | None
    """Kube context; default: the current one. Inside a pod: the pod's own cluster."""
    kubeconfig: str | None
    """Path of a kubeconfig; default: ``$KUBECONFIG`` or ``~/.kube/config``."""
    via: Via
    """How to reach a service: ``"proxy"`` through the API server (rights: get and create on services/proxy),
    ``"port-forward"`` (rights: list on pods, create on pods/portforward), ``"direct"`` by status.url (inside the
    cluster). ``"auto"`` takes direct inside a pod, else the first of the others that the user may do."""
    protocol: Protocol
    """What carries inference. ``"auto"`` takes gRPC when it is known, else binary REST when the server has it, else
    JSON."""
    timeout: float
    """Seconds for one call, repeats included; default: 30."""
    retry: RetryPolicy | None
    """When to ask again; default: three attempts on errors that can pass by themselves."""
    headers: dict[str, str] | None
    """Extra headers of each REST request, such as an Authorization."""


def connect(target: str, **options: Unpack[ConnectOptions]) -> Client:
    """Connect to a server by its URL, or to an InferenceService by its name.

    Args:
        target: ``http://…``, ``https://…``, ``grpc://host:port``, ``grpcs://host:port``; or the name of an
            InferenceService, or of a Model that one serves, in the cluster of the current kube context.
        **options: See :class:`aimass.ConnectOptions`.

    Raises:
        NoCluster, NotFound, NotReady, Unauthorized: when a service by name cannot be reached.
        InvalidRequest: when the target is neither a URL nor a name.
    """
    _check(options)
    return Client(_find_route(target, options), **_client_options(options))


async def connect_async(target: str, **options: Unpack[ConnectOptions]) -> AsyncClient:
    """As :func:`connect`, for the async client. ``async with await aimass.connect_async("iris") as client: …``"""
    _check(options)
    return AsyncClient(await asyncio.to_thread(_find_route, target, options), **_client_options(options))


def _check(options: ConnectOptions) -> None:
    known = ConnectOptions.__annotations__
    unknown = [name for name in options if name not in known]
    if unknown:
        raise TypeError(f"connect has no option {unknown[0]!r}; the options are {', '.join(known)}")


def _client_options(options: ConnectOptions) -> Any:
    return {name: options[name] for name in ("protocol", "timeout", "retry") if name in options}


def _find_route(target: str, options: ConnectOptions) -> Route:
    model, headers = options.get("model"), options.get("headers")
    if "://" in target:
        return _route_by_url(target, model, options.get("grpc_url"), headers)
    if not target or any(sign in target for sign in "/: "):
        raise InvalidRequest(f"{target!r} is neither a URL (http://host:port) nor the name of a service")
    from .cluster import Cluster

    cluster = Cluster(
        context=options.get("context"), namespace=options.get("namespace"), kubeconfig=options.get("kubeconfig")
    )
    return cluster.route(
        target,
        model=model,
        via=options.get("via", "auto"),
        headers=headers,
        wants_grpc=options.get("protocol") == "grpc",
    )


def _route_by_url(url: str, model: str | None, grpc_url: str | None, headers: dict[str, str] | None) -> Route:
    parts = urlsplit(url)
    if not parts.hostname:
        raise InvalidRequest(f"{url!r} names no host; write http://host:port")
    if parts.scheme in ("grpc", "grpcs"):
        return Route(None, url, model, headers)
    if parts.scheme not in ("http", "https"):
        raise InvalidRequest(f"{url!r} begins with {parts.scheme}://; use http, https, grpc or grpcs")
    base = url.rstrip("/")
    # People copy the address of the protocol as often as that of the server.
    return Route(base[:-3] if base.endswith("/v2") else base, grpc_url, model, headers)
