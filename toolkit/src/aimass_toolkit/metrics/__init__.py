"""How good a model is, by task."""

from .measure import Measure, measure_for
from .table import METRICS, higher_is_better, metrics_of, primary_metric

__all__ = ["METRICS", "Measure", "higher_is_better", "measure_for", "metrics_of", "primary_metric"]
