"""Carry out the steps of a flow, blocking or async: the only code that touches the network."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from . import __about__
from .errors import AimassError, ConnectionFailed, InvalidRequest, Timeout
from .grpc_channel import AsyncGrpcChannel, GrpcChannel
from .steps import Flow, GrpcCall, HttpAnswer, HttpCall, Pause, Step

T = TypeVar("T")
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=64)


@dataclass(frozen=True)
class Route:
    """Where a server is and how to get there.

    Attributes:
        http_url: Base URL of the REST side, without a slash at the end; None when there is only gRPC.
        grpc_url: ``grpc://host:port`` or ``grpcs://host:port``; None when it is not known.
        model: The model that this server is asked for by default.
        verify: TLS settings, for private certificates.
        auth: Adds the credentials to each request.
        close: Called when the client is closed.
        describe_failure: May replace an error by one that says more.
    """

    http_url: str | None
    grpc_url: str | None = None
    model: str | None = None
    headers: dict[str, str] | None = None
    verify: ssl.SSLContext | bool = True
    auth: httpx.Auth | None = None
    close: Callable[[], None] | None = None
    describe_failure: Callable[[AimassError], AimassError] | None = None

    @property
    def address(self) -> str:
        """What to show to people."""
        return self.http_url or self.grpc_url or "nowhere"


def _http_options(route: Route) -> dict[str, Any]:
    return {
        "base_url": route.http_url or "http://no-http.invalid",
        "headers": {"user-agent": f"aimass-python/{__about__.__version__}", **(route.headers or {})},
        "verify": route.verify,
        "auth": route.auth,
        "limits": _LIMITS,
        "follow_redirects": False,
    }


def _request_options(call: HttpCall) -> dict[str, Any]:
    # A little more than nothing: a time-out of exactly 0 means none to some backends.
    timeout = httpx.Timeout(max(call.timeout, 0.001), pool=None)
    return {
        "method": call.method,
        "url": call.path,
        "content": call.content or None,
        "headers": dict(call.headers),
        "timeout": timeout,
    }


def _answer(response: httpx.Response) -> HttpAnswer:
    return HttpAnswer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, response.content)


@contextlib.contextmanager
def _typed_errors(address: str, call: HttpCall) -> Iterator[None]:
    try:
        yield
    except httpx.ConnectTimeout as error:
        raise Timeout(f"{address} did not take a connection within {call.timeout:.3g} s") from error
    except httpx.TimeoutException as error:
        raise Timeout(f"{address} gave no answer within {call.timeout:.3g} s; give more time with timeout=") from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise InvalidRequest(f"{address!r} is no URL; write http://host:port") from error
    except httpx.ConnectError as error:
        raise ConnectionFailed(
            f"{address} cannot be reached: {_why(error)}; check the URL and that the server runs"
        ) from error
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise ConnectionFailed(f"the connection to {address} broke: {_why(error)}") from error


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__


class SyncDriver:
    """Runs flows in the calling thread. Safe to use from several threads at once."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self._http = httpx.Client(**_http_options(route))
        self._grpc = GrpcChannel(route.grpc_url) if route.grpc_url else None

    def run(self, flow: Flow[T]) -> T:
        """Run a flow to its end."""
        try:
            step = next(flow)
            while True:
                try:
                    answer = self._do(step)
                except AimassError as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        except AimassError as error:
            if self.route.describe_failure is None:
                raise
            raise self.route.describe_failure(error) from error

    def _do(self, step: Step) -> Any:
        if isinstance(step, Pause):
            return time.sleep(step.seconds)
        if isinstance(step, GrpcCall):
            if self._grpc is None:
                raise InvalidRequest("no gRPC address is known; give grpc_url=")
            return self._grpc.call(step)
        with _typed_errors(self.route.address, step):
            return _answer(self._http.request(**_request_options(step)))

    def close(self) -> None:
        """Close all connections."""
        self._http.close()
        if self._grpc:
            self._grpc.close()
        if self.route.close:
            self.route.close()


class AsyncDriver:
    """Runs flows in the running event loop."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self._http = httpx.AsyncClient(**_http_options(route))
        self._grpc = AsyncGrpcChannel(route.grpc_url) if route.grpc_url else None

    async def run(self, flow: Flow[T]) -> T:
        """Run a flow to its end."""
        try:
            step = next(flow)
            while True:
                try:
                    answer = await self._do(step)
                except AimassError as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        except AimassError as error:
            if self.route.describe_failure is None:
                raise
            raise self.route.describe_failure(error) from error

    async def _do(self, step: Step) -> Any:
        if isinstance(step, Pause):
            return await asyncio.sleep(step.seconds)
        if isinstance(step, GrpcCall):
            if self._grpc is None:
                raise InvalidRequest("no gRPC address is known; give grpc_url=")
            return await self._grpc.call(step)
        with _typed_errors(self.route.address, step):
            return _answer(await self._http.request(**_request_options(step)))

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()
        if self._grpc:
            await self._grpc.close()
        if self.route.close:
            await asyncio.to_thread(self.route.close)
