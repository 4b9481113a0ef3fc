"""`python -m aimass_toolkit ROLE [ARGUMENTS]`: imports the module of this role, and nothing of the others."""

import importlib
import sys

from aimass_toolkit import __version__

WRONG_USE = 64

ROLES = {
    "prepare": "fit and apply the preparation of data: clean, impute, encode, normalise, split",
    "train": "train the model of a recipe",
    "evaluate": "measure a model on held-out data, against thresholds",
    "convert": "convert a framework's model to ONNX, and prove that both agree",
    "compress": "prune and quantise an ONNX model, and prove what it costs",
    "suggest": "choose the parameters of the next trials of a search",
    "launch": "start the processes of one worker, with what its framework expects",
}


def usage() -> str:
    """The roles, one a line."""
    lines = [f"  {role:<10}{text}" for role, text in ROLES.items()]
    return "\n".join(["usage: python -m aimass_toolkit ROLE [ARGUMENTS]", "", *lines])


def main(argv: list[str]) -> int:
    """Runs the role that the first argument names; its `main(argv)` returns the exit code, None for 0."""
    role, *rest = argv or [""]
    if role in ("-h", "--help"):
        print(usage())
        return 0
    if role == "--version":
        print(f"aimass-toolkit {__version__}")
        return 0
    if role not in ROLES:
        problem = f'there is no role "{role}"' if role else "a role is missing"
        print(f"{problem}; name one of {', '.join(ROLES)}\n\n{usage()}", file=sys.stderr)
        return WRONG_USE
    return importlib.import_module(f"aimass_toolkit.{role}").main(rest) or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
