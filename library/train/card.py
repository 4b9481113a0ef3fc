"""What an entry tells people and the Hugging Face ecosystem: card.md, config.json, preprocessor_config.json."""

import struct
import zlib

import numpy as np
from datasets import HOLD_OUT, SEED, Data, Entry

METRIC_TEXTS = {
    "accuracy": "accuracy (share of right answers)",
    "macroF1": "macro F1",
    "logLoss": "log loss (lower is better)",
    "r2": "R² (share of the variation explained)",
    "meanAbsoluteError": "mean absolute error",
    "rootMeanSquaredError": "root mean squared error",
}


def config(entry: Entry, data: Data) -> dict:
    """config.json: label names under the keys that the Hugging Face ecosystem uses."""
    content: dict = {"model_type": entry.name, "problem_type": problem_type(entry)}
    if data.labels:
        content["id2label"] = {str(index): label for index, label in enumerate(data.labels)}
        content["label2id"] = {label: index for index, label in enumerate(data.labels)}
    if data.features:
        content["feature_names"] = data.features
    return content


def problem_type(entry: Entry) -> str:
    return "regression" if entry.task == "tabular-regression" else "single_label_classification"


def preprocessor_config(data: Data) -> dict:
    """preprocessor_config.json: how an image file becomes `pixel_values`. 255 in the file is 1 in the tensor."""
    height, width = data.inputs.shape[2:]
    return {
        "do_convert_grayscale": True,
        "do_resize": True,
        "size": {"height": height, "width": width},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": False,
    }


def card(entry: Entry, data: Data, report: dict) -> str:
    """card.md: what the model is for, what it was made from, how good it is, what it must not be used for."""
    header = ["---", "license: apache-2.0", "library_name: onnx", f"pipeline_tag: {entry.task}", "---", ""]
    made = [
        f"# {entry.title}",
        "",
        entry.summary,
        "",
        "## Data",
        "",
        f"{entry.data_source}. Licence of the data: {entry.data_license}.",
        f"{report['trainExamples']} examples to train on, {report['holdOutExamples']} held out "
        f"({HOLD_OUT:.0%}, seed {SEED}, looked at once). Digest of the data: `{report['dataDigest']}`.",
        "",
        "## Model",
        "",
        f"{capitalised(report['chosen'])}; {report['parameterCount']} parameters. Weights: Apache-2.0.",
        *candidates(report),
        "",
        "## Metrics on the hold-out part",
        "",
        "| metric | value | without looking at the input |",
        "| --- | --- | --- |",
        *(f"| {METRIC_TEXTS[name]} | {value} | {report['baseline'].get(name, '')} |" for name, value in report["metrics"].items()),
        "",
        "## Tensors",
        "",
        *(f"- {direction} `{name}`: {text}" for direction, name, text in tensors(entry, data)),
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in entry.limits),
    ]
    return "\n".join([*header, *made, ""])


def capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def candidates(report: dict) -> list[str]:
    if not report["crossValidation"]:
        return []
    scores = "; ".join(f"{name}: {score}" for name, score in report["crossValidation"].items())
    return [f"Chosen by five-fold cross-validation on the training part ({report['crossValidationMetric']}): {scores}."]


def tensors(entry: Entry, data: Data) -> list[tuple[str, str, str]]:
    classes = len(data.labels)
    probabilities = ("output", "probabilities", f"FP32 [batch, {classes}]")
    label = ("output", "label", f"INT64 [batch], a key of `id2label` in config.json ({', '.join(data.labels)})")
    if entry.task == "image-classification":
        shape = ", ".join(str(size) for size in data.inputs.shape[1:])
        pixels = f"FP32 [batch, {shape}], ink from 0 (none) to 1 (full): the 0 to 16 of the data set divided by 16"
        return [("input", "pixel_values", pixels), ("output", "logits", f"FP32 [batch, {classes}]"), probabilities, label]
    features = ("input", "features", f"FP32 [batch, {len(data.features)}]: {', '.join(data.features)}; scaling is part of the graph")
    if entry.task == "tabular-regression":
        return [features, ("output", "prediction", "FP32 [batch, 1]")]
    return [features, label, probabilities]


def png(pixels: np.ndarray) -> bytes:
    """A grey PNG of values from 0 to 1; eight bits, no dependence on an image library."""
    rows = np.round(pixels * 255).astype(np.uint8)
    height, width = rows.shape
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, content) for kind, content in parts)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
