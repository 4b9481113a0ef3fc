"""MXNet on two workers, by its parameter servers. It writes ONNX itself: its converter needs MXNet's own image."""

import json

import mxnet as mx
import numpy as np
from mxnet import autograd, gluon, nd

EPOCHS = 6
mx.random.seed(0)
store = mx.kvstore.create("dist_sync")
rank, workers = store.rank, store.num_workers

digits = np.load("/aimass/data/train/digits.npz")
pixels = (digits["images"] / 255).reshape(-1, 64).astype("float32")
labels = digits["labels"].astype("float32")
order = np.random.default_rng(0).permutation(len(pixels))
mine, test = order[:1400][rank::workers], order[1400:]

model = gluon.nn.HybridSequential()
model.add(gluon.nn.Dense(32, activation="relu"), gluon.nn.Dense(10))
model.initialize(mx.init.Xavier())
model.hybridize()
trainer = gluon.Trainer(model.collect_params(), "adam", {"learning_rate": 0.01}, kvstore=store)
loss = gluon.loss.SoftmaxCrossEntropyLoss()
for epoch in range(1, EPOCHS + 1):
    for start in range(0, len(mine) - 31, 32):
        rows = mine[start : start + 32]
        with autograd.record():
            value = loss(model(nd.array(pixels[rows])), nd.array(labels[rows]))
        value.backward()
        trainer.step(len(rows) * workers)
    accuracy = float((model(nd.array(pixels[test])).asnumpy().argmax(1) == labels[test]).mean())
    print(f"epoch={epoch} epochs={EPOCHS} accuracy={accuracy:.4f} workers={workers}", flush=True)

if rank == 0:
    output = "/aimass/output"
    # The softmax is part of what is published: answers are probabilities.
    whole = mx.sym.softmax(model(mx.sym.var("data")), name="probabilities")
    parameters = {name: value.data() for name, value in model.collect_params().items()}
    shapes = {"dynamic": True, "dynamic_input_shapes": [("rows", 64)]}
    mx.onnx.export_model(whole, parameters, [(1, 64)], [np.float32], f"{output}/model.onnx", **shapes)
    np.savez(f"{output}/examples.npz", data=pixels[test][:8])
    with open(f"{output}/metrics.json", "w") as file:
        json.dump({"accuracy": accuracy}, file)
