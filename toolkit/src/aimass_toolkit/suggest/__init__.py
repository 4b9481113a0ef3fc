"""The suggest service: parameters for the next trials of a search."""

from .command import main

__all__ = ["main"]
