"""The role `convert`: what training wrote becomes ONNX, with the proof that both answer alike."""

from __future__ import annotations

from typing import Any

from aimass_toolkit.stage.document import read_document
from aimass_toolkit.stage.report import run_stage
from aimass_toolkit.stage.threads import limit_threads


def main(argv: list[str]) -> int:
    """Converts the output of the training; gives the exit code."""
    limit_threads()
    return run_stage(convert)


def convert() -> dict[str, Any]:
    """The report of the conversion, which is written to the folder `converted`."""
    from .stage import convert_output

    return convert_output(read_document())
