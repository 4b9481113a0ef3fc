"""TensorFlow on the workers that TF_CONFIG names: each takes its share of every batch, and gradients are averaged."""

import json
import os

import numpy as np
import tensorflow as tf

EPOCHS, BATCH, RATE = 30, 64, 0.3

cluster = json.loads(os.environ["TF_CONFIG"])
index, workers = cluster["task"]["index"], len(cluster["cluster"]["worker"])
strategy = tf.distribute.MultiWorkerMirroredStrategy()
print(f"worker {index} of {workers}", flush=True)

root = os.environ.get("AIMASS_ROOT", "/aimass")
digits = np.load(f"{root}/data/train/digits.npz")
features = (digits["images"] / 255).reshape(-1, 64).astype("float32")
labels = digits["labels"].astype("int64")


class Network(tf.Module):
    """One hidden layer."""

    def __init__(self):
        super().__init__()
        random = np.random.default_rng(0)
        self.parts = [
            tf.Variable(value.astype("float32"), aggregation=tf.VariableAggregation.MEAN)
            for value in (random.normal(0, 0.1, (64, 32)), np.zeros(32), random.normal(0, 0.1, (32, 10)), np.zeros(10))
        ]

    def logits(self, rows):
        hidden = tf.nn.relu(rows @ self.parts[0] + self.parts[1])
        return hidden @ self.parts[2] + self.parts[3]

    @tf.function(input_signature=[tf.TensorSpec([None, 64], tf.float32, name="features")])
    def serve(self, rows):
        return {"probabilities": tf.nn.softmax(self.logits(rows))}


with strategy.scope():
    network = Network()


@tf.function
def train_step(rows, answers):
    def step(part, wanted):
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(wanted, network.logits(part))
            loss = tf.reduce_mean(losses)
        for variable, gradient in zip(network.parts, tape.gradient(loss, network.parts)):
            variable.assign_sub(RATE * gradient)
        return loss

    return strategy.reduce(tf.distribute.ReduceOp.MEAN, strategy.run(step, (rows, answers)), axis=None)


rows = tf.data.Dataset.from_tensor_slices((features[:1400], labels[:1400])).shuffle(1400, seed=0)
batches = strategy.experimental_distribute_dataset(rows.batch(BATCH, drop_remainder=True))
for epoch in range(1, EPOCHS + 1):
    loss = np.mean([float(train_step(*batch)) for batch in batches])
    answers = network.serve(features[1400:])["probabilities"].numpy().argmax(1)
    accuracy = float((answers == labels[1400:]).mean())
    print(f"epoch={epoch} epochs={EPOCHS} loss={loss:.4f} accuracy={accuracy:.4f}", flush=True)

# All workers save, each to a place of its own; the first one's counts.
tf.saved_model.save(network, f"{root}/output/saved_model" if index == 0 else "/tmp/saved_model", {"serving_default": network.serve})
if index == 0:
    np.savez(f"{root}/output/examples.npz", features=features[1400:1408])
    np.savez(f"{root}/output/held-out.npz", features=features[1400:], labels=labels[1400:])
