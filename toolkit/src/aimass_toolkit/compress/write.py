"""The folder `compressed`: that of the conversion with the chosen model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from aimass_toolkit.evaluate.held_out import HeldOut
from aimass_toolkit.evaluate.native.onnx_file import OnnxPredictor
from aimass_toolkit.stage.atomic import whole_folder
from aimass_toolkit.stage.document import Paths
from aimass_toolkit.stage.golden import golden, write_golden
from aimass_toolkit.stage.report import encode
from aimass_toolkit.stage.session import Session

MODEL, REPORT, GOLDEN, CARD = "model.onnx", "report.json", "golden.json", "card.md"
GOLDEN_ROWS = 512


def write_original(paths: Paths, report: dict[str, Any]) -> None:
    """The converted model as it is, with the report."""
    with whole_folder(paths.compressed) as folder:
        copy_converted(paths.converted, folder)
        write_report(folder, report)


def write_chosen(paths: Paths, content: bytes, rows: HeldOut, precision: str, report: dict[str, Any]) -> None:
    """The chosen model with golden examples of its own, and what it costs in the card."""
    with whole_folder(paths.compressed) as folder:
        copy_converted(paths.converted, folder)
        # The old model may have kept its weights in files beside it.
        for old in folder.glob("model.onnx*"):
            old.unlink()
        (folder / MODEL).write_bytes(content)
        predictor = OnnxPredictor(Session(folder / MODEL, 1), "custom")
        inputs = predictor.feed(rows.take(slice(0, GOLDEN_ROWS)).inputs)
        write_golden(folder / GOLDEN, golden(predictor.session, inputs, precision))
        write_report(folder, report)
        with (folder / CARD).open("a", encoding="utf-8") as card:
            card.write("\n".join(["", *card_lines(report), ""]))


def copy_converted(source: Path, target: Path) -> None:
    """All files of the conversion but its report."""
    for one in source.iterdir():
        if one.name == REPORT or one.name.startswith("."):
            continue
        if one.is_dir():
            shutil.copytree(one, target / one.name)
        else:
            shutil.copy2(one, target / one.name)


def write_report(folder: Path, report: dict[str, Any]) -> None:
    """report.json."""
    text = json.dumps(json.loads(encode(report)), indent=2)
    (folder / REPORT).write_text(text + "\n", encoding="utf-8")


def card_lines(report: dict[str, Any]) -> list[str]:
    """A table for people."""
    original = report["original"]
    lines = [
        "## Compression",
        "",
        f"Published is {report['chosen']}. One row, one thread; zip: compressed with zlib.",
        "",
        f"| model | KiB | KiB zip | p50 ms (before) | {original['metric']} | largest difference |",
        "| --- | --- | --- | --- | --- | --- |",
        f"| converted | {kib(original['sizeBytes'])} | {kib(original['packedBytes'])} | | {original['value']:.4g} | |",
    ]
    for one in report["candidates"]:
        if "sizeBytes" in one:
            times = f"{one['p50LatencyMs']:.3g} ({one['originalP50LatencyMs']:.3g})"
            lines.append(
                f"| {one['kind']} | {kib(one['sizeBytes'])} | {kib(one['packedBytes'])} | {times} | {one['value']:.4g} "
                f"| {one['largestDifference']:.2g} |"
            )
    return lines


def kib(size: int) -> str:
    """Bytes as KiB."""
    return f"{size / 1024:.1f}"
