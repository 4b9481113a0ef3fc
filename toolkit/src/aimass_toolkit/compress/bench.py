"""A table of all ways to compress one model: `python3 -m aimass_toolkit.compress.bench --help`."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

SHARES = (0.3, 0.5, 0.7)
HEAD = ("model", "KiB", "KiB zip", "p50 ms", "times", "metric", "largest difference", "")


def main(arguments: list[str]) -> int:
    """Prints the table."""
    options = parse(arguments)
    from aimass_toolkit.stage.document import Paths, parse_document

    from .stage import compress

    asked: list[dict[str, Any]] = [{"precision": "fp16"}, {"precision": "int8"}]
    asked += [{"precision": "int8", "quantization": "static"}]
    asked += [{"prune": share} for share in SHARES]
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder), options)
        for optimize in asked:
            spec = {"task": options.task, "publish": {"optimize": {**optimize, "maxMetricDrop": options.drop}}}
            report = compress(parse_document(spec, Paths(Path(folder))))
            if not rows and "original" in report:
                rows.append(original_row(report["original"]))
            rows.extend(candidate_row(one) for one in report["candidates"])
    print("\n".join(table([list(HEAD), *rows])))
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="python3 -m aimass_toolkit.compress.bench", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="an ONNX model")
    parser.add_argument("--rows", type=Path, required=True, help=".npz: arrays named as the inputs, and labels")
    parser.add_argument("--calibration", type=Path, help=".npz: arrays named as the inputs, of training rows")
    parser.add_argument("--task", default="tabular-classification", help="default: tabular-classification")
    parser.add_argument("--drop", type=float, default=0.01, help="maxMetricDrop (default: 0.01)")
    return parser.parse_args(arguments)


def lay_out(folder: Path, options: argparse.Namespace) -> None:
    """A work space as the stage finds it."""
    for name in ("output", "converted"):
        (folder / name).mkdir()
    shutil.copy(options.model, folder / "converted" / "model.onnx")
    shutil.copy(options.rows, folder / "output" / "held-out.npz")
    if options.calibration:
        shutil.copy(options.calibration, folder / "output" / "examples.npz")


def original_row(original: dict[str, Any]) -> list[str]:
    """The model before."""
    value = f"{original['metric']} {original['value']:.4f}"
    return ["converted", kib(original["sizeBytes"]), kib(original["packedBytes"]), "", "1.00", value, "", ""]


def candidate_row(one: dict[str, Any]) -> list[str]:
    """A candidate beside it; times: its p50 as a share of that of the original, measured in turns."""
    if "sizeBytes" not in one:
        return [one["kind"], "", "", "", "", "", "", one["reason"]]
    times = one["p50LatencyMs"] / max(one["originalP50LatencyMs"], 1e-9)
    value = f"{one['metric']} {one['value']:.4f}"
    figures = [kib(one["sizeBytes"]), kib(one["packedBytes"]), f"{one['p50LatencyMs']:.3f}", f"{times:.2f}", value]
    return [one["kind"], *figures, f"{one['largestDifference']:.2g}", "accepted" if one["accepted"] else one["reason"]]


def kib(size: int) -> str:
    """Bytes as KiB."""
    return f"{size / 1024:.1f}"


def table(rows: list[list[str]]) -> list[str]:
    """Columns below each other."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
