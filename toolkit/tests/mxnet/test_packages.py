"""The packages of the image `toolkit-mxnet` work together: train, save, convert, run."""

import mxnet
import numpy as np
import onnxruntime
from mxnet import autograd, gluon, nd
from mxnet import onnx as converter

CPU = ["CPUExecutionProvider"]
ROWS = np.random.default_rng(1).normal(size=(64, 4)).astype(np.float32)


def trained():
    mxnet.random.seed(1)
    model = gluon.nn.HybridSequential()
    model.add(gluon.nn.Dense(8, activation="relu"), gluon.nn.Dense(3))
    model.initialize()
    model.hybridize()
    trainer = gluon.Trainer(model.collect_params(), "adam")
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    for _ in range(3):
        with autograd.record():
            value = loss(model(nd.array(ROWS)), nd.array(ROWS[:, 0] > 0))
        value.backward()
        trainer.step(len(ROWS))
    return model


def test_a_saved_model_converts(tmp_path):
    model = trained()
    prefix, graph = str(tmp_path / "model"), str(tmp_path / "model.onnx")
    model.export(prefix)
    converter.export_model(f"{prefix}-symbol.json", f"{prefix}-0000.params", [(64, 4)], [np.float32], graph)
    session = onnxruntime.InferenceSession(graph, providers=CPU)
    (found,) = session.run(None, {"data": ROWS})
    np.testing.assert_allclose(found, model(nd.array(ROWS)).asnumpy(), rtol=1e-4, atol=1e-5)
