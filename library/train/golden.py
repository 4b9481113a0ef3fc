"""Golden examples and sample requests: Open Inference V2 bodies made from the hold-out part."""

import numpy as np
import onnxruntime
from datasets import Entry
from fit import Split

TOLERANCE = {"relative": 1e-4, "absolute": 1e-5}
DATATYPES = {np.dtype(np.float32): "FP32", np.dtype(np.int64): "INT64"}


class Session:
    """The exported model, run as it will be served."""

    def __init__(self, content: bytes):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name
        self.outputs = [out.name for out in self.session.get_outputs()]

    def run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        answers = self.session.run(self.outputs, {self.input: inputs})
        return dict(zip(self.outputs, answers, strict=True))


def tensor(name: str, values: np.ndarray) -> dict:
    """A V2 tensor. Numbers are the shortest decimals that are the same float32."""
    flat = values.reshape(-1)
    data = [float(str(value)) for value in flat] if values.dtype.kind == "f" else [int(value) for value in flat]
    return {"name": name, "shape": list(values.shape), "datatype": DATATYPES[values.dtype], "data": data}


def request(session: Session, inputs: np.ndarray) -> dict:
    return {"inputs": [tensor(session.input, inputs)]}


def example(session: Session, name: str, inputs: np.ndarray) -> dict:
    answers = session.run(inputs)
    outputs = [tensor(output, answers[output]) for output in session.outputs]
    return {"name": name, "request": request(session, inputs), "response": {"outputs": outputs}}


def golden(entry: Entry, session: Session, parts: Split) -> dict:
    """Five or more examples: some single ones, those that the model is least and most sure about, and a batch."""
    inputs, targets = parts.test_inputs, parts.test_targets
    if entry.task == "tabular-regression":
        order = np.argsort(targets, kind="stable")
        picks = {"one-low": order[0], "one-middle": order[len(order) // 2], "one-high": order[-1]}
        picks["extreme-input"] = int(np.argmax(np.abs(inputs - inputs.mean(axis=0)).max(axis=1)))
    else:
        first = {label: int(np.flatnonzero(targets == label)[0]) for label in np.unique(targets)[:3]}
        picks = {f"one-of-class-{label}": index for label, index in first.items()}
        probabilities = session.run(inputs)["probabilities"]
        picks["least-certain"] = least_certain(probabilities)
        picks["most-certain"] = int(np.argmax(probabilities.max(axis=1)))
    examples = [example(session, name, inputs[index : index + 1]) for name, index in picks.items()]
    examples.append(example(session, "batch-of-4", inputs[4:8]))
    return {"tolerance": TOLERANCE, "examples": examples}


def least_certain(probabilities: np.ndarray) -> int:
    """The example with the closest race that rounding cannot turn over on another machine."""
    top = np.sort(probabilities, axis=1)
    lead = top[:, -1] - top[:, -2]
    return int(np.argmin(np.where(lead > 0.01, lead, np.inf)))


def sample(entry: Entry, session: Session, parts: Split) -> np.ndarray:
    """The input of the sample request: a digit that people recognise at once, or the first of the hold-out part."""
    if entry.task != "image-classification":
        return parts.test_inputs[:1]
    probabilities = session.run(parts.test_inputs)["probabilities"]
    threes = np.flatnonzero(parts.test_targets == 3)
    best = threes[np.argmax(probabilities[threes, 3])]
    return parts.test_inputs[best : best + 1]


def mismatch(got: dict, want: dict, tolerance: dict) -> str | None:
    """Why the outputs of a V2 response do not match, or None when they do."""
    outputs = {output["name"]: output for output in got["outputs"]}
    for output in want["outputs"]:
        mine = outputs.get(output["name"])
        if mine is None or mine["shape"] != output["shape"] or mine["datatype"] != output["datatype"]:
            return f"output {output['name']} is missing or has another shape or type"
        close = np.isclose(mine["data"], output["data"], rtol=tolerance["relative"], atol=tolerance["absolute"])
        exact = output["datatype"] == "INT64" and mine["data"] != output["data"]
        if exact or not close.all():
            return f"output {output['name']} is {mine['data'][:4]}…, wanted {output['data'][:4]}…"
    return None
