"""TensorFlow, with the cluster that TF_CONFIG describes."""

import json
import os

import numpy as np
import tensorflow as tf

cluster = json.loads(os.environ.get("TF_CONFIG", "{}"))
index = cluster.get("task", {}).get("index", 0)
print(f"worker {index} of {len(cluster.get('cluster', {}).get('worker', [0]))}", flush=True)
strategy = tf.distribute.MultiWorkerMirroredStrategy() if cluster else tf.distribute.get_strategy()

digits = np.load("/aimass/data/train/digits.npz")
features = (digits["images"] / 255).reshape(-1, 64).astype("float32")
labels = digits["labels"]
with strategy.scope():
    model = tf.keras.Sequential(
        [tf.keras.layers.Input((64,), name="features"), tf.keras.layers.Dense(32, "relu"), tf.keras.layers.Dense(10, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(features[:1400], labels[:1400], epochs=6, batch_size=32, verbose=2, validation_data=(features[1400:], labels[1400:]))
if index == 0:
    model.export("/aimass/output/saved_model")
    np.savez("/aimass/output/examples.npz", features=features[1400:1408])
    np.savez("/aimass/output/held-out.npz", features=features[1400:], labels=labels[1400:])
