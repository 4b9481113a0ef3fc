"""A trained model in the format of its toolkit, and its answers: see `load_predictor`."""

from .formats import FORMATS, Found, recognise
from .load import load_predictor
from .predictor import Answers, Arrays, Predictor

__all__ = ["FORMATS", "Answers", "Arrays", "Found", "Predictor", "load_predictor", "recognise"]
