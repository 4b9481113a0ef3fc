"""metrics.json that the program wrote."""

from __future__ import annotations

import json
from pathlib import Path


def reported_metrics(output: Path) -> dict[str, float]:
    """The numbers of the file by name; empty when there is none, or it is none."""
    try:
        content = json.loads((output / "metrics.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {
        str(name): float(value)
        for name, value in content.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
