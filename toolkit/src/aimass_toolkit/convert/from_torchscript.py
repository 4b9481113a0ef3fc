"""From a TorchScript module (model.pt), with the exporter of PyTorch."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import onnx

from aimass_toolkit.stage.graph import OPSET
from aimass_toolkit.stage.report import StageError

from .rows import Arrays

# Inputs whose second dimension is the length of a text.
TOKENS = frozenset({"input_ids", "attention_mask", "token_type_ids", "position_ids"})
SAMPLE_ROWS = 2


def convert(module: Any, names: tuple[str, ...], rows: Arrays) -> onnx.ModelProto:
    """The graph, whose first dimension is free. The sample rows tell the exporter types and shapes of the inputs."""
    import torch

    given = in_order(names, rows)
    sample = tuple(torch.from_numpy(np.ascontiguousarray(values[:SAMPLE_ROWS])) for values in given.values())
    with torch.no_grad():
        answered = module(*sample)
    outputs = output_names(answered)
    axes = {name: {0: "batch", **({1: "sequence"} if name in TOKENS else {})} for name in given}
    for name, value in zip(outputs, flat(answered), strict=True):
        is_sequence = set(given) & TOKENS and value.dim() >= 3 and value.shape[1] == sample[0].shape[1]
        axes[name] = {0: "batch", **({1: "sequence"} if is_sequence else {})}
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # It tells of every constant that it folds.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            sample,
            buffer,
            opset_version=OPSET,
            input_names=list(given),
            output_names=outputs,
            dynamic_axes=axes,
        )
    return onnx.load_from_string(buffer.getvalue())


def in_order(names: tuple[str, ...], rows: Arrays) -> Arrays:
    """The sample arrays in the order of the arguments of `forward`; one of one is taken whatever its name."""
    typed = {name: narrowed(values) for name, values in rows.items()}
    if all(name in typed for name in names):
        return {name: typed[name] for name in names}
    if len(names) == len(typed) == 1:
        # The name that the runtime shows: that of examples.npz, and `features` for prepared tables.
        return typed
    raise StageError(
        "ConversionFailed",
        f"The module takes {', '.join(names)}, and examples.npz has {', '.join(typed)}; "
        "name its arrays as the arguments.",
    )


def narrowed(values: np.ndarray) -> np.ndarray:
    """Floats of 64 bits as models have them: 32."""
    return values.astype(np.float32) if values.dtype == np.float64 else values


def flat(answered: Any) -> list[Any]:
    """The tensors of an answer, in order."""
    if isinstance(answered, dict):
        return list(answered.values())
    return list(answered) if isinstance(answered, tuple | list) else [answered]


def output_names(answered: Any) -> list[str]:
    """The keys of an answer that is a dict; else names by place, and `output` for a single one."""
    if isinstance(answered, dict):
        return [str(name) for name in answered]
    count = len(flat(answered))
    return [f"output_{place}" for place in range(count)] if count > 1 else ["output"]


def needs_examples(rows: Arrays | None) -> Arrays:
    """A module does not say what it takes: without rows it cannot be converted."""
    if rows is None:
        raise StageError(
            "ConversionFailed",
            "model.pt does not say which shapes it takes; write examples.npz beside it, with a few rows of every "
            "input: numpy.savez('/aimass/output/examples.npz', NAME=rows).",
        )
    return rows
