"""All metrics: which way is better, and which ones belong to a task."""

from __future__ import annotations

#: True: higher is better.
METRICS: dict[str, bool] = {
    "accuracy": True,
    "balancedAccuracy": True,
    "f1": True,
    "auc": True,
    "logLoss": False,
    "rmse": False,
    "mae": False,
    "r2": True,
    "ndcg": True,
    "mrr": True,
    "map": True,
    "map50": True,
    "map75": True,
    "recallAt1": True,
    "meanCosine": True,
    "spearman": True,
    "perplexity": False,
}

CLASSES = ("accuracy", "f1", "balancedAccuracy", "auc", "logLoss")
TOKENS = ("perplexity", "accuracy")
EMBEDDINGS = ("recallAt1", "meanCosine", "spearman")

#: The metrics of each task, the primary one first.
TASKS: dict[str, tuple[str, ...]] = {
    "tabular-classification": CLASSES,
    "text-classification": CLASSES,
    "image-classification": CLASSES,
    "object-detection": ("map", "map50", "map75"),
    "zero-shot-classification": CLASSES,
    "tabular-regression": ("rmse", "mae", "r2"),
    "text-ranking": ("ndcg", "mrr", "map"),
    "feature-extraction": EMBEDDINGS,
    "sentence-similarity": EMBEDDINGS,
    "token-classification": ("f1", "accuracy"),
    "text-generation": TOKENS,
    "fill-mask": TOKENS,
}

#: Parts of names of metrics that programs report, for which lower is better.
LOWER = ("loss", "error", "perplexity", "rmse", "mse", "mae", "distance", "latency", "wer", "cer")


def metrics_of(task: str) -> tuple[str, ...]:
    """The metrics of a task; none for tasks that are not measured here."""
    return TASKS.get(task, ())


def primary_metric(task: str) -> str | None:
    """The metric that models of a task are compared by, unless the specification names another."""
    return next(iter(metrics_of(task)), None)


def higher_is_better(metric: str) -> bool:
    """Which way is better. Of a metric that only the program knows, its name tells."""
    if metric in METRICS:
        return METRICS[metric]
    return not any(part in metric.lower() for part in LOWER)
