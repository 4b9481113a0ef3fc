"""Curves as text: dots of braille, two by four in a letter."""

from __future__ import annotations

import math
from collections.abc import Sequence

_FIRST = 0x2800
# The bit of each dot of a letter, by column and row.
_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


def plot(values: Sequence[float | None], width: int, height: int = 1) -> list[str]:
    """Lines of letters, the largest value at the top.

    Args:
        values: Points at equal distance; those that are no number leave a gap.
        width: Letters in a line.
        height: Lines.
    """
    finite = [value for value in values if value is not None and math.isfinite(value)]
    if not finite:
        return [" " * width] * height
    low, high = min(finite), max(finite)
    across, up = width * 2, height * 4
    cells = [[0] * width for _ in range(height)]
    for x, value in enumerate(_stretched(values, across)):
        if value is None or not math.isfinite(value):
            continue
        share = 0.5 if high == low else (value - low) / (high - low)
        y = up - 1 - round(share * (up - 1))
        cells[y // 4][x // 2] |= _BITS[x % 2][y % 4]
    return ["".join(chr(_FIRST + cell) if cell else " " for cell in line) for line in cells]


def _stretched(values: Sequence[float | None], count: int) -> list[float | None]:
    """So many points: of fewer some come several times, of more the nearest."""
    last = len(values) - 1
    return [values[round(place * last / max(count - 1, 1))] for place in range(count)]
