"""Every way a call can fail, as one tree of exceptions."""

from __future__ import annotations


class AimassError(Exception):
    """Base of all errors of this package.

    Attributes:
        message: What went wrong and what to do about it, in a sentence.
        status: HTTP status of the answer, or None when there was none.
        model: Name of the model that was asked, when there was one.
        retry_after: Seconds after which the server says asking again can help.
        retryable: Whether the same request can succeed later without any change.
    """

    retryable = False

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        model: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.model = model
        self.retry_after = retry_after


class InvalidRequest(AimassError, ValueError):
    """The request is wrong: an input, its type, its shape, a file. Sending it again does not help."""


class PayloadTooLarge(InvalidRequest):
    """The request is larger than the server takes; send fewer rows at a time."""


class Unsupported(InvalidRequest):
    """This server, or this installation of the package, cannot do what was asked."""


class NotRepresentable(AimassError):
    """The answer holds a value that JSON cannot carry (NaN, infinity); ask with ``protocol="binary"`` or gRPC."""


class NotFound(AimassError, LookupError):
    """There is no such model, version, service, namespace or context."""


class Unauthorized(AimassError, PermissionError):
    """The server, or the Kubernetes API server, does not let this user do that."""


class Unavailable(AimassError):
    """The server cannot answer now: it is full, starting or stopping. ``retry_after`` may say when to come back."""

    retryable = True


class NotReady(Unavailable):
    """The model or the service is not ready yet."""


class Timeout(AimassError, TimeoutError):
    """There was no answer within the time given."""


class ModelFailed(AimassError):
    """The model or the server broke on this request."""


class ConnectionFailed(AimassError, ConnectionError):
    """The server cannot be reached, or the connection broke."""

    retryable = True


class ProtocolError(AimassError):
    """The answer is not Open Inference V2: most likely the URL belongs to some other server."""


class NoCluster(AimassError):
    """There is no usable kubeconfig or context, or the ``kubernetes`` package is not installed."""


_BY_STATUS: dict[int, type[AimassError]] = {
    401: Unauthorized,
    403: Unauthorized,
    404: NotFound,
    408: Unavailable,
    413: PayloadTooLarge,
    415: Unsupported,
    422: NotRepresentable,
    429: Unavailable,
    502: Unavailable,
    503: Unavailable,
    504: Timeout,
}


def error_for_status(status: int) -> type[AimassError]:
    """Give the class of error that an HTTP status stands for."""
    known = _BY_STATUS.get(status)
    if known is not None:
        return known
    if status >= 500:
        return ModelFailed
    return InvalidRequest if status >= 400 else ProtocolError
