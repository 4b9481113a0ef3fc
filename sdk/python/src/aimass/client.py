"""The blocking client."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy.typing as npt
from typing_extensions import Self, Unpack

from . import predict as predicting
from .batches import Progress, ProgressBar, check_concurrency, cut, join
from .core import Core, Protocol
from .drivers import Route, SyncDriver
from .infer_body import InferResult
from .metadata import ModelEntry, ModelInfo, ServerInfo
from .options import CallOptions, read_options
from .retry import RetryPolicy
from .tensors import Tensor


class Client:
    """Talks to one server. Made by :func:`aimass.connect`; safe to share between threads; close it, or use ``with``."""

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
        self._driver = SyncDriver(route)

    @property
    def address(self) -> str:
        """Where the server is."""
        return self._driver.route.address

    def predict(self, data: Any, **options: Unpack[CallOptions]) -> Any:
        """Ask a model, whatever the input is.

        Args:
            data: One of:
                an array for a model with one input, of the shape that the model takes, or one dimension less for a
                single example; a dict of arrays by input name; a pandas DataFrame, or a dict of columns for a tabular
                model; an image as PIL image, path or bytes; a text; a list of images or texts.
            **options: See :class:`aimass.CallOptions`; ``timeout`` is in seconds, repeats included.

        Returns:
            For arrays a dict of numpy arrays by output name; for a DataFrame a DataFrame with the same index; for
            columns a list with one dict a row; for images and texts what the task gives, such as
            ``[{"label": "7", "score": 0.98}, …]``; for a list of images a list of those.

        Raises:
            InvalidRequest: The input is wrong; the message names what and how to mend it.
            NotFound, Unauthorized, Unavailable, Timeout, ModelFailed, ConnectionFailed: see :mod:`aimass.errors`.
        """
        model, call, task_parameters = read_options(options)
        return self._driver.run(predicting.predict(self._core, data, model, call, task_parameters))

    def infer(
        self, inputs: Mapping[str, npt.ArrayLike] | Sequence[Tensor], **options: Unpack[CallOptions]
    ) -> InferResult:
        """Open Inference V2 as it is: nothing is converted, data types are those of the arrays.

        Args:
            inputs: Arrays by input name, or a list of :class:`aimass.Tensor` where the data type has to be named.
            **options: See :class:`aimass.CallOptions`.

        Raises:
            The same as :meth:`predict`.
        """
        model, call, _ = read_options(options)
        return self._driver.run(self._core.infer(inputs, model, call))

    def predict_batches(
        self,
        data: Any,
        *,
        batch_size: int = 32,
        concurrency: int = 4,
        progress: bool | Progress = False,
        return_errors: bool = False,
        **options: Unpack[CallOptions],
    ) -> Iterator[Any]:
        """Ask for much, several requests at a time; gives the result of each batch, in order.

        Args:
            data: An array, DataFrame or dict of columns that is cut along its rows; or any iterable of examples, read
                only as far as is needed.
            batch_size: Examples in one request.
            concurrency: Requests under way at once.
            progress: True for a bar (tqdm), or a function of (batches done, batches in all or None).
            return_errors: Give the error of a batch in its place instead of raising it.
            **options: As for :meth:`predict`; ``timeout`` is that of one batch.
        """
        check_concurrency(concurrency)
        batches, total = cut(data, batch_size)
        return self._run_batches(batches, concurrency, ProgressBar(progress, total), return_errors, options)

    def _run_batches(
        self, batches: Iterator[Any], concurrency: int, bar: ProgressBar, return_errors: bool, options: CallOptions
    ) -> Iterator[Any]:
        pool = ThreadPoolExecutor(concurrency, thread_name_prefix="aimass")
        try:
            waiting: deque[Future[Any]] = deque(
                pool.submit(self.predict, batch, **options) for batch in islice(batches, concurrency)
            )
            while waiting:
                future = waiting.popleft()
                error = future.exception()
                bar.step()
                if error is not None and not (return_errors and isinstance(error, Exception)):
                    raise error
                # The next one starts before the consumer does its part.
                waiting.extend(pool.submit(self.predict, batch, **options) for batch in islice(batches, 1))
                yield future.result() if error is None else error
        finally:
            bar.close()
            pool.shutdown(wait=True, cancel_futures=True)

    def predict_all(self, data: Any, **options: Any) -> Any:
        """As :meth:`predict_batches`, with the results joined into one."""
        return join(list(self.predict_batches(data, **options)))

    def server_info(self) -> ServerInfo:
        """Name, version and extensions of the server."""
        return self._driver.run(self._core.server_info())

    def model_info(self, model: str | None = None, version: str | None = None) -> ModelInfo:
        """Inputs, outputs, task and revision of a model."""
        return self._driver.run(self._core.model_info(model, version))

    def models(self) -> list[ModelEntry]:
        """The models of the server; raises Unsupported when it does not list them."""
        return self._driver.run(self._core.models())

    def check_ready(self, model: str | None = None) -> None:
        """Return when the model has just answered its golden request; raises NotReady with the reason otherwise."""
        self._driver.run(self._core.ready(model))

    def close(self) -> None:
        """Close all connections."""
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
