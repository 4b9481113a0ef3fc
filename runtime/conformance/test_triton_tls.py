"""tritonclient over TLS, with an authority of our own."""

import ssl
from pathlib import Path

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import InferenceServerException

from server import Served
from test_triton_infer import flowers


def test_rest(tls_server: Served, authority: Path) -> None:
    def trusted() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(authority / "ca.crt"))

    with tritonclient.http.InferenceServerClient(tls_server.http, ssl=True, ssl_context_factory=trusted) as client:
        assert client.is_server_ready()
        result = client.infer("iris", flowers(tritonclient.http))
    np.testing.assert_array_equal(result.as_numpy("label"), [0, 2])


def test_rest_of_an_unknown_authority_is_refused_by_the_client(tls_server: Served) -> None:
    with (
        tritonclient.http.InferenceServerClient(
            tls_server.http, ssl=True, ssl_context_factory=ssl.create_default_context
        ) as client,
        pytest.raises(ssl.SSLError),
    ):
        client.is_server_live()


def test_grpc(tls_server: Served, authority: Path) -> None:
    with tritonclient.grpc.InferenceServerClient(
        tls_server.grpc, ssl=True, root_certificates=str(authority / "ca.crt")
    ) as client:
        assert client.is_server_ready()
        result = client.infer("iris", flowers(tritonclient.grpc))
    np.testing.assert_array_equal(result.as_numpy("label"), [0, 2])


def test_grpc_of_an_unknown_authority_is_refused_by_the_client(tls_server: Served) -> None:
    with (
        tritonclient.grpc.InferenceServerClient(tls_server.grpc, ssl=True) as client,
        pytest.raises(InferenceServerException),
    ):
        client.is_server_live(client_timeout=2)
