"""How a recipe says that it cannot go on: one sentence with the field, the value and the remedy."""

from typing import NoReturn

from aimass_toolkit.stage.report import StageError


def refuse(reason: str, message: str) -> NoReturn:
    """Ends the stage for a reason that a person has to mend."""
    raise StageError(reason, message)
