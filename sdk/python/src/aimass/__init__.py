"""Python client for AI Mass: models behind Open Inference V2, by URL or by name in a Kubernetes cluster.

>>> import aimass
>>> with aimass.connect("http://localhost:8080", model="iris") as client:
...     client.predict([[5.1, 3.4, 1.5, 0.2]])["label"]
array([0])
"""

from .__about__ import __version__
from .async_client import AsyncClient
from .batches import join
from .client import Client
from .connect import ConnectOptions, connect, connect_async
from .errors import (
    AimassError,
    ConnectionFailed,
    InvalidRequest,
    ModelFailed,
    NoCluster,
    NotFound,
    NotReady,
    NotRepresentable,
    PayloadTooLarge,
    ProtocolError,
    Timeout,
    Unauthorized,
    Unavailable,
    Unsupported,
)
from .infer_body import InferResult
from .metadata import ModelEntry, ModelInfo, ServerInfo
from .options import CallOptions
from .retry import RetryPolicy
from .tensors import Tensor, TensorSpec

__all__ = [
    "AimassError",
    "AsyncClient",
    "CallOptions",
    "Client",
    "ConnectOptions",
    "ConnectionFailed",
    "InferResult",
    "InvalidRequest",
    "ModelEntry",
    "ModelFailed",
    "ModelInfo",
    "NoCluster",
    "NotFound",
    "NotReady",
    "NotRepresentable",
    "PayloadTooLarge",
    "ProtocolError",
    "RetryPolicy",
    "ServerInfo",
    "Tensor",
    "TensorSpec",
    "Timeout",
    "Unauthorized",
    "Unavailable",
    "Unsupported",
    "__version__",
    "connect",
    "connect_async",
    "join",
]
