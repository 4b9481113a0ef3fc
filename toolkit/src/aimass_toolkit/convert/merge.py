"""The preparation in front of the model, in one graph: the served model takes raw values."""

from __future__ import annotations

import onnx
from onnx import compose

from aimass_toolkit.stage import graph as house
from aimass_toolkit.stage.prepared import Prepared

PREPARED = "prepared"


def with_preparation(model: onnx.ModelProto, prepared: Prepared) -> onnx.ModelProto:
    """The graph from raw columns to answers."""
    front = onnx.load(prepared.preprocessor)
    raw = {one.name for one in front.graph.input}
    outputs = {one.name for one in model.graph.output}
    # The names of columns are free, so nothing inside may keep one of them, and no output either.
    inside = {name for node in model.graph.node for name in node.output} | {one.name for one in model.graph.initializer}
    house.rename(model.graph, {name: f"model/{name}" for name in inside - outputs})
    house.rename(model.graph, {name: f"{name}_output" for name in outputs & raw})
    house.rename(model.graph, {model.graph.input[0].name: "model/features"})
    same_versions(front, model)
    return compose.merge_models(front, model, io_map=[(PREPARED, "model/features")], name="model")


def same_versions(front: onnx.ModelProto, model: onnx.ModelProto) -> None:
    """Both graphs in the same versions of operators and format: the newer ones."""
    house.one_opset(model)
    house.one_opset(front, max(house.OPSET, house.opset_of(model)))
    versions = {one.domain: max(one.version, versions_of(front).get(one.domain, 0)) for one in model.opset_import}
    for both in (front, model):
        house.set_opsets(both, {**versions_of(front), **versions_of(model), **versions})
        both.ir_version = max(front.ir_version, model.ir_version)


def versions_of(model: onnx.ModelProto) -> dict[str, int]:
    """The versions of operators by domain."""
    return {one.domain: one.version for one in model.opset_import}
