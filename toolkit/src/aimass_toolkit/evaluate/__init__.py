"""The role `evaluate`: measures a trained model on held-out data, against thresholds."""

from __future__ import annotations


def main(argv: list[str]) -> int:
    """Evaluates as the stage document says; gives the exit code."""
    from aimass_toolkit.stage.document import read_document
    from aimass_toolkit.stage.report import run_stage
    from aimass_toolkit.stage.threads import limit_threads

    limit_threads()

    def stage() -> dict[str, object]:
        from .stage import evaluate

        return evaluate(read_document())

    return run_stage(stage)
