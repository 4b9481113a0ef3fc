"""How many threads the container may use: libraries count the cores of the node, not of the limit."""

from __future__ import annotations

import math
import os
from pathlib import Path

QUOTA = Path("/sys/fs/cgroup/cpu.max")


def threads(quota: Path = QUOTA) -> int:
    """The CPU limit in whole cores, at least 1; without a limit, the cores that this process may run on."""
    cores = len(os.sched_getaffinity(0))
    try:
        most, period = quota.read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return cores
    return cores if most == "max" else max(1, min(cores, math.ceil(int(most) / int(period))))


def limit_threads() -> int:
    """Tells OpenMP and BLAS, unless the user did. Has to come before they are imported."""
    count = threads()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, str(count))
    return count
