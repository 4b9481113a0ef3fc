"""Which candidates `spec.publish.optimize` asks for."""

from __future__ import annotations

from dataclasses import dataclass

from aimass_toolkit.stage.document import Optimize


@dataclass(frozen=True)
class Candidate:
    """A way to make the model smaller: pruned by this share, then in this precision."""

    precision: str | None = None
    prune: float | None = None

    @property
    def kind(self) -> str:
        """Its name in reports."""
        pruned = f"pruned-{round(100 * self.prune)}%" if self.prune else ""
        return "+".join(part for part in (pruned, self.precision) if part)

    @property
    def tolerance(self) -> str:
        """How exact its answers are on other machines, as golden examples have it."""
        return (self.precision or "fp32").partition("-")[0]


def candidates(optimize: Optimize) -> list[Candidate]:
    """What was asked for, and when that is two things, each of them alone: one may pass where both do not."""
    precision = optimize.precision
    if precision == "int8":
        precision = f"int8-{optimize.quantization}"
    asked = [Candidate(precision, optimize.prune), Candidate(precision), Candidate(prune=optimize.prune)]
    return list(dict.fromkeys(one for one in asked if one.kind))
