"""Models that look like those of others."""

import json
import shutil

import numpy as np
import onnx
from onnx import numpy_helper


def rename_initialisers(folder):
    """Neither the config nor the names of the weights are ours any more."""
    model = onnx.load(folder / "model.onnx")
    names = {entry.name: f"w{index}" for index, entry in enumerate(model.graph.initializer)}
    for entry in model.graph.initializer:
        entry.name = names[entry.name]
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
    onnx.save(model, folder / "model.onnx")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "other"}))


def foreign(folder, make):
    """The model that a work space trains, as if somebody else had; made once."""
    if not folder.exists():
        space = make()
        space.run("train")
        shutil.copytree(space.root / "output", folder)
        rename_initialisers(folder)
    return folder


def without_numbers(folder):
    """A model that answers NaN."""
    model = onnx.load(folder / "model.onnx")
    for entry in model.graph.initializer:
        values = numpy_helper.to_array(entry)
        if values.dtype == np.float32 and values.ndim == 2:
            entry.CopyFrom(numpy_helper.from_array(np.full_like(values, np.nan), entry.name))
    onnx.save(model, folder / "model.onnx")
