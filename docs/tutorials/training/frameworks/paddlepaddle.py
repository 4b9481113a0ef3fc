"""PaddlePaddle on the CPU."""

import numpy as np
import paddle
from paddle import nn

digits = np.load("/aimass/data/train/digits.npz")
features = (digits["images"] / 255).reshape(-1, 64).astype("float32")
labels = digits["labels"].astype("int64")
paddle.seed(0)
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
optimizer = paddle.optimizer.Adam(learning_rate=0.01, parameters=model.parameters())
for epoch in range(1, 7):
    for start in range(0, 1400, 64):
        rows = slice(start, min(start + 64, 1400))
        loss = nn.functional.cross_entropy(model(paddle.to_tensor(features[rows])), paddle.to_tensor(labels[rows]))
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
    answers = model(paddle.to_tensor(features[1400:])).numpy().argmax(1)
    print(f"epoch={epoch} epochs=6 loss={float(loss):.4f} accuracy={(answers == labels[1400:]).mean():.4f}", flush=True)
model.eval()
paddle.jit.save(model, "/aimass/output/inference", input_spec=[paddle.static.InputSpec([None, 64], "float32", "features")])
np.savez("/aimass/output/examples.npz", features=features[1400:1408])
np.savez("/aimass/output/held-out.npz", features=features[1400:], labels=labels[1400:])
