"""Tiny models with made-up weights that have the tensors of each task, and what Python makes of them: onnxruntime, transformers."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from transformers import DetrImageProcessorPil, PreTrainedTokenizerFast
from transformers.image_utils import load_image
from transformers.pipelines.token_classification import AggregationStrategy, TokenClassificationPipeline

HIDDEN = 16
TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
SENTENCES = ["My name is Sarah Connor and I live in London.", "Good food, bad service!", "Angela Merkel met Barack Obama in Berlin"]
QUERY = "Where does Sarah live?"


class Graph:
    """Collects nodes and weights."""

    def __init__(self, seed: int):
        self.random = np.random.default_rng(seed)
        self.nodes, self.weights = [], []

    def weight(self, name: str, *shape: int, scale: float = 1.0) -> str:
        values = (self.random.standard_normal(shape) * scale).astype(np.float32)
        return self.constant(name, values)

    def constant(self, name: str, values: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def save(self, path: Path, inputs: list, outputs: list) -> None:
        graph = helper.make_graph(self.nodes, "model", inputs, outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)


def token_inputs() -> list:
    return [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"]) for name in ("input_ids", "attention_mask", "token_type_ids")]


def encoder(graph: Graph, vocabulary: int) -> str:
    """Vectors of tokens: each knows its own word, its side, and a little of the whole text."""
    graph.node("Gather", [graph.weight("words", vocabulary, HIDDEN), "input_ids"], "own")
    graph.node("Gather", [graph.weight("sides", 2, HIDDEN, scale=0.3), "token_type_ids"], "side")
    graph.node("Add", ["own", "side"], "sum")
    graph.node("Cast", ["attention_mask"], "mask", to=TensorProto.FLOAT)
    graph.node("Unsqueeze", ["mask", graph.constant("last", np.array([2]))], "mask3")
    graph.node("Mul", ["sum", "mask3"], "kept")
    graph.node("ReduceSum", ["kept", graph.constant("axis", np.array([1]))], "total", keepdims=1)
    graph.node("ReduceSum", ["mask3", "axis"], "count", keepdims=1)
    graph.node("Div", ["total", "count"], "average")
    graph.node("Add", ["sum", "average"], "mixed")
    return graph.node("Tanh", ["mixed"], "last_hidden_state")


def whole_text(graph: Graph, classes: int) -> str:
    graph.node("Squeeze", ["average", "axis"], "text")
    return graph.node("MatMul", ["text", graph.weight("head", HIDDEN, classes, scale=2.0)], "logits")


def floats(name: str, *shape) -> list:
    return [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))]


def labels(names: list[str]) -> dict:
    return {"id2label": {str(index): name for index, name in enumerate(names)}, "label2id": {name: index for index, name in enumerate(names)}}


TASKS = {
    "classifier": "text-classification",
    "nli": "zero-shot-classification",
    "ranker": "text-ranking",
    "masker": "fill-mask",
    "embedder": "feature-extraction",
    "detector": "object-detection",
}


def name_task(folder: Path) -> None:
    task = TASKS.get(folder.name, "token-classification")
    (folder / "aimass.json").write_text(json.dumps({"task": task}) + "\n")


def write_model(folder: Path, tokenizer: Path, config: dict) -> Graph:
    folder.mkdir(parents=True, exist_ok=True)
    name_task(folder)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tokenizer / file, folder / file)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    return Graph(seed=sum(map(ord, folder.name)))


def write_text_models(folder: Path, tokenizers: Path) -> None:
    size = lambda name: len(PreTrainedTokenizerFast.from_pretrained(tokenizers / name))
    word = tokenizers / "wordpiece"
    for name, classes in (("classifier", ["negative", "neutral", "positive"]), ("nli", ["contradiction", "neutral", "entailment"]), ("ranker", ["LABEL_0"])):
        graph = write_model(folder / name, word, {"model_type": "bert", **labels(classes)})
        encoder(graph, size("wordpiece"))
        whole_text(graph, len(classes))
        graph.save(folder / name / "model.onnx", token_inputs(), floats("logits", "batch", len(classes)))
    for kind in ("wordpiece", "bpe", "unigram"):
        name = f"tagger-{kind}"
        graph = write_model(folder / name, tokenizers / kind, {"model_type": "bert", **labels(TAGS)})
        encoder(graph, size(kind))
        graph.node("MatMul", ["last_hidden_state", graph.weight("head", HIDDEN, len(TAGS))], "logits")
        graph.save(folder / name / "model.onnx", token_inputs(), floats("logits", "batch", "sequence", len(TAGS)))
    graph = write_model(folder / "masker", word, {"model_type": "bert"})
    encoder(graph, size("wordpiece"))
    graph.node("MatMul", ["last_hidden_state", graph.weight("head", HIDDEN, size("wordpiece"))], "logits")
    graph.save(folder / "masker" / "model.onnx", token_inputs(), floats("logits", "batch", "sequence", size("wordpiece")))
    graph = write_model(folder / "embedder", word, {"model_type": "bert", "matryoshka_dimensions": [8, 16]})
    encoder(graph, size("wordpiece"))
    graph.save(folder / "embedder" / "model.onnx", token_inputs(), floats("last_hidden_state", "batch", "sequence", HIDDEN))
    (folder / "embedder" / "1_Pooling").mkdir(exist_ok=True)
    (folder / "embedder" / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": HIDDEN, "pooling_mode_mean_tokens": True}) + "\n")
    modules = [{"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"} for i, (path, kind) in enumerate([("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")])]
    (folder / "embedder" / "modules.json").write_text(json.dumps(modules) + "\n")
    (folder / "embedder" / "config_sentence_transformers.json").write_text(json.dumps({"prompts": {"query": "query: "}, "default_prompt_name": None}) + "\n")


def write_detector(folder: Path, processor: dict) -> None:
    """Four boxes whose scores and places hang on the mean colour."""
    folder.mkdir(parents=True, exist_ok=True)
    name_task(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(processor) + "\n")
    (folder / "config.json").write_text(json.dumps({"model_type": "detr", **labels(["cat", "dog", "bird"])}) + "\n")
    graph = Graph(seed=7)
    graph.node("ReduceMean", ["pixel_values"], "colour", axes=[2, 3], keepdims=0)
    for name, last in (("logits", 4), ("pred_boxes", 4)):
        graph.node("MatMul", ["colour", graph.weight(f"{name}_w", 3, 4 * last, scale=2.0)], f"{name}_flat")
        graph.node("Reshape", [f"{name}_flat", graph.constant(f"{name}_shape", np.array([-1, 4, last]))], name if name == "logits" else "raw")
    graph.node("Sigmoid", ["raw"], "pred_boxes")
    graph.save(folder / "model.onnx", floats("pixel_values", "batch", 3, "height", "width"), floats("logits", "batch", 4, 4) + floats("pred_boxes", "batch", 4, 4))


def softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def run(folder: Path, **arguments):
    """Token inputs by the fast tokenizer of transformers, numbers by onnxruntime."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    encoded = tokenizer(return_tensors="np", padding=True, return_token_type_ids=True, **arguments)
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    feeds = {name: encoded[name].astype(np.int64) for name in ("input_ids", "attention_mask", "token_type_ids")}
    return encoded, session.run(None, feeds)[0]


def tag(folder: Path, text: str, strategy: str) -> list[dict]:
    """The methods of transformers' own pipeline, without the framework around them."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    made = tokenizer(text, return_tensors="np", return_offsets_mapping=True, return_special_tokens_mask=True)
    _, logits = run(folder, text=[text])
    pipeline = object.__new__(TokenClassificationPipeline)
    pipeline.tokenizer = tokenizer
    pipeline.model = SimpleNamespace(config=SimpleNamespace(id2label=dict(enumerate(TAGS))))
    wanted = AggregationStrategy[strategy.upper()]
    offsets = [tuple(int(place) for place in pair) for pair in made["offset_mapping"][0]]
    entities = pipeline.gather_pre_entities(text, made["input_ids"][0], softmax(logits[0]), offsets, made["special_tokens_mask"][0], wanted)
    out = pipeline.aggregate(entities, wanted)
    kept = [entity for entity in out if entity.get("entity") != "O" and entity.get("entity_group") != "O"]
    return [{key: float(value) if key == "score" else int(value) if key == "index" else value for key, value in entity.items()} for entity in kept]


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def embed(folder: Path, texts: list[str]) -> np.ndarray:
    encoded, hidden = run(folder, text=texts)
    mask = encoded["attention_mask"][..., None]
    return unit((hidden * mask).sum(1) / mask.sum(1))


def detect(folder: Path, file: Path, threshold: float) -> list[dict]:
    """DETR's post-processing, line by line as transformers has it, in numpy."""
    image = load_image(str(file))
    values = DetrImageProcessorPil.from_pretrained(folder)(images=[image], return_tensors="np")["pixel_values"]
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    logits, boxes = session.run(["logits", "pred_boxes"], {"pixel_values": np.asarray(values, dtype=np.float32)})
    shares = softmax(logits[0])[:, :-1]
    x, y, across, down = boxes[0].T
    corners = np.stack([x - 0.5 * across, y - 0.5 * down, x + 0.5 * across, y + 0.5 * down], axis=-1)
    corners = corners * np.array([image.width, image.height] * 2, dtype=np.float32)
    names = ["cat", "dog", "bird"]
    places = ["xmin", "ymin", "xmax", "ymax"]
    return [
        {"score": float(share.max()), "label": names[share.argmax()], "box": dict(zip(places, map(int, box), strict=True))}
        for share, box in zip(shares, corners, strict=True)
        if share.max() > threshold
    ]


def fill(folder: Path, text: str) -> list[dict]:
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    encoded, logits = run(folder, text=[text])
    ids = encoded["input_ids"][0]
    (at,) = np.nonzero(ids == tokenizer.mask_token_id)[0]
    shares = softmax(logits[0, at])
    out = []
    for token in np.argsort(-shares, kind="stable")[:5]:
        filled = ids.copy()
        filled[at] = token
        out.append({"score": float(shares[token]), "token": int(token), "token_str": tokenizer.decode([token]), "sequence": tokenizer.decode(filled, skip_special_tokens=True)})
    return out


def write_references(folder: Path, tokenizers: Path, detr: dict) -> None:
    """models.json: what each model answers."""
    write_text_models(folder, tokenizers)
    write_detector(folder / "detector", detr)
    strategies = ("none", "simple", "first", "average", "max")
    _, ranked = run(folder / "ranker", text=[QUERY] * 3, text_pair=SENTENCES)
    candidates = ["people", "food", "places"]
    _, verdicts = run(folder / "nli", text=[SENTENCES[0]] * 3, text_pair=[f"This example is {label}." for label in candidates])
    vectors = embed(folder / "embedder", SENTENCES)
    out = {
        "sentences": SENTENCES,
        "query": QUERY,
        "candidates": candidates,
        "classifier": softmax(run(folder / "classifier", text=SENTENCES)[1]).tolist(),
        "ranker": (1 / (1 + np.exp(-ranked[:, 0]))).tolist(),
        "nli": {"single": softmax(verdicts[:, 2]).tolist(), "multi": softmax(verdicts[:, [0, 2]])[:, 1].tolist()},
        "tagger": {kind: {s: [tag(folder / f"tagger-{kind}", text, s) for text in SENTENCES] for s in strategies} for kind in ("wordpiece", "bpe", "unigram")},
        "detector": {str(threshold): detect(folder / "detector", folder.parent / "images" / "wide.png", threshold) for threshold in (0.0, 0.5)},
        "masker": fill(folder / "masker", "the quick brown [MASK] jumps"),
        "embedder": {"vectors": vectors.tolist(), "similarity": (vectors[1:] @ vectors[0]).tolist(), "query": embed(folder / "embedder", ["query: " + QUERY])[0].tolist()},
    }
    (folder / "models.json").write_text(json.dumps(out) + "\n")
