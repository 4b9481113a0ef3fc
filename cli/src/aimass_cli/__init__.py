"""Command line of AI Mass."""

__version__ = "0.1.0"
