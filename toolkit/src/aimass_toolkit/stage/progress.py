"""One line of progress, in the form that the operator reads from the log."""

from __future__ import annotations

import math


def report(step: int, total: int, **metrics: float) -> None:
    """Prints `epoch=3 epochs=10 loss=0.21`, at once. Values that are no numbers are left out."""
    shown = [f"{name}={value:.6g}" for name, value in metrics.items() if math.isfinite(value)]
    print(" ".join([f"epoch={step}", f"epochs={total}", *shown]), flush=True)
