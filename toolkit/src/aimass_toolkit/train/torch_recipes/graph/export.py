"""From a PyTorch network to an ONNX file that keeps the names of its parameters."""

import io
import warnings

import numpy as np
import onnx
import torch
from onnx import ModelProto
from torch import nn

from aimass_toolkit.train.given.session import open_session

from ..problem import refuse

OPSET = 17
TOLERANCE = 1e-3


def to_onnx(network: nn.Module, sample: dict[str, np.ndarray], axes: dict[str, dict[int, str]]) -> ModelProto:
    """The graph. Names and values of parameters stay, so that a later training can start from the file alone."""
    network.eval()
    # The exporter merges parameters of equal value, and so loses names, unless the outermost module seems to train.
    network.training = True
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            tuple(torch.from_numpy(sample[name]) for name in network.inputs),
            buffer,
            opset_version=OPSET,
            input_names=list(network.inputs),
            output_names=list(network.outputs),
            dynamic_axes=axes,
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
        )
    network.training = False
    model = onnx.load_model_from_string(buffer.getvalue())
    model.graph.name = "main"
    model.producer_name, model.producer_version = "aimass-toolkit", ""
    onnx.checker.check_model(model, full_check=True)
    return model


def compare(model: ModelProto, network: nn.Module, sample: dict[str, np.ndarray]) -> float:
    """The largest difference between the file, run as it will be served, and the network; refused when it is large."""
    with torch.no_grad():
        wanted = network(*(torch.from_numpy(sample[name]) for name in network.inputs))
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    given = open_session(model, "the exported model").run(sample)
    return max(check_same(given[name], value.numpy()) for name, value in zip(network.outputs, wanted, strict=True))


def check_same(given: np.ndarray, wanted: np.ndarray) -> float:
    """The largest difference of two answers; refused when it is large."""
    difference = float(np.abs(given - wanted).max())
    if not difference <= TOLERANCE * max(1.0, float(np.abs(wanted).max())):
        refuse(
            "ConversionMismatch",
            f"the ONNX file differs from the network by {difference:g}; lower the option learningRate, the "
            "weights are extreme.",
        )
    return difference
