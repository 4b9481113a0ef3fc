"""The async client: the same calls, awaited."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy.typing as npt
from typing_extensions import Self, Unpack

from . import predict as predicting
from .batches import Progress, ProgressBar, check_concurrency, cut, join
from .core import Core, Protocol
from .drivers import AsyncDriver, Route
from .infer_body import InferResult
from .metadata import ModelEntry, ModelInfo, ServerInfo
from .options import CallOptions, read_options
from .retry import RetryPolicy
from .tensors import Tensor


class AsyncClient:
    """Talks to one server from an event loop. Made by :func:`aimass.connect_async`; close it, or use ``async with``.

    Cancelling a task that awaits a call gives the call up.
    """

    def __init__(
        self,
        route: Route,
        *,
        protocol: Protocol = "auto",
        timeout: float = 30.0,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._core = Core(
            has_http=route.http_url is not None,
            has_grpc=route.grpc_url is not None,
            model=route.model,
            protocol=protocol,
            timeout=timeout,
            retry=retry or RetryPolicy(),
        )
        self._driver = AsyncDriver(route)

    @property
    def address(self) -> str:
        """Where the server is."""
        return self._driver.route.address

    async def predict(self, data: Any, **options: Unpack[CallOptions]) -> Any:
        """Ask a model, whatever the input is; see :meth:`aimass.Client.predict`."""
        model, call, task_parameters = read_options(options)
        return await self._driver.run(predicting.predict(self._core, data, model, call, task_parameters))

    async def infer(
        self, inputs: Mapping[str, npt.ArrayLike] | Sequence[Tensor], **options: Unpack[CallOptions]
    ) -> InferResult:
        """Open Inference V2 as it is; see :meth:`aimass.Client.infer`."""
        model, call, _ = read_options(options)
        return await self._driver.run(self._core.infer(inputs, model, call))

    def predict_batches(
        self,
        data: Any,
        *,
        batch_size: int = 32,
        concurrency: int = 4,
        progress: bool | Progress = False,
        return_errors: bool = False,
        **options: Unpack[CallOptions],
    ) -> AsyncIterator[Any]:
        """Ask for much, several requests at a time; see :meth:`aimass.Client.predict_batches`."""
        check_concurrency(concurrency)
        batches, total = cut(data, batch_size)
        return self._run_batches(batches, concurrency, ProgressBar(progress, total), return_errors, options)

    async def _run_batches(
        self, batches: Iterator[Any], concurrency: int, bar: ProgressBar, return_errors: bool, options: CallOptions
    ) -> AsyncIterator[Any]:
        def start(count: int) -> list[asyncio.Task[Any]]:
            return [asyncio.create_task(self.predict(batch, **options)) for batch in islice(batches, count)]

        waiting: deque[asyncio.Task[Any]] = deque(start(concurrency))
        try:
            while waiting:
                task = waiting[0]
                await asyncio.wait([task])
                waiting.popleft()
                bar.step()
                error = task.exception()
                if error is not None and not (return_errors and isinstance(error, Exception)):
                    raise error
                waiting.extend(start(1))
                yield task.result() if error is None else error
        finally:
            bar.close()
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def predict_all(self, data: Any, **options: Any) -> Any:
        """As :meth:`predict_batches`, with the results joined into one."""
        return join([result async for result in self.predict_batches(data, **options)])

    async def server_info(self) -> ServerInfo:
        """Name, version and extensions of the server."""
        return await self._driver.run(self._core.server_info())

    async def model_info(self, model: str | None = None, version: str | None = None) -> ModelInfo:
        """Inputs, outputs, task and revision of a model."""
        return await self._driver.run(self._core.model_info(model, version))

    async def models(self) -> list[ModelEntry]:
        """The models of the server; raises Unsupported when it does not list them."""
        return await self._driver.run(self._core.models())

    async def check_ready(self, model: str | None = None) -> None:
        """Return when the model has just answered its golden request; raises NotReady with the reason otherwise."""
        await self._driver.run(self._core.ready(model))

    async def close(self) -> None:
        """Close all connections."""
        await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
