"""The role `compress`: prunes and quantises an ONNX model, and proves what that costs."""

from __future__ import annotations


def main(argv: list[str]) -> int:
    """Compresses as the stage document says; gives the exit code."""
    from aimass_toolkit.stage.document import read_document
    from aimass_toolkit.stage.report import run_stage
    from aimass_toolkit.stage.threads import limit_threads

    limit_threads()

    def stage() -> dict[str, object]:
        from .stage import compress

        return compress(read_document())

    return run_stage(stage)
