from __future__ import annotations

import onnx
import pytest
from digit_models import convolution, network, trees


@pytest.fixture(scope="session")
def digits_network() -> onnx.ModelProto:
    return network()


@pytest.fixture(scope="session")
def digits_convolution() -> onnx.ModelProto:
    return convolution()


@pytest.fixture(scope="session")
def digits_trees() -> onnx.ModelProto:
    return trees()
