"""What single flags of ``aimass train`` hold."""

from __future__ import annotations

import json
import math
import re
import shlex
from typing import Any

from ..exits import UsageError

_DATA = re.compile(r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?)=(.+)$")
_THRESHOLD = re.compile(r"^\s*([^\s<>=]+)\s*(>=|<=)\s*(\S+)\s*$")
_LONGEST_NAME = 52

Scalar = str | int | float | bool


def read_parameter(text: str) -> tuple[str, Scalar]:
    """``k=v``: numbers, true and false are such; in JSON's quotes they are texts."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"--param is {text!r}; write NAME=VALUE, such as --param epochs=10")
    return name.strip(), _scalar(value)


def _scalar(text: str) -> Scalar:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    is_number = isinstance(value, (int, float)) and math.isfinite(value)
    return value if is_number or isinstance(value, str) else text


def read_data(text: str) -> tuple[str, str]:
    """``NAME=URI``; a URI alone is the data set ``train``."""
    match = _DATA.match(text)
    name, uri = (match[1], match[3]) if match else ("train", text)
    if "://" not in uri:
        raise UsageError(
            f"--data is {text!r}; write NAME=URI, such as train=oci://registry/data/iris:1. The cluster fetches it, "
            "so it cannot be a file of this machine: put it into a registry, a bucket or a volume claim first"
        )
    return name, uri


def read_threshold(text: str) -> dict[str, Any]:
    """``metric>=0.9`` or ``metric<=0.2``."""
    match = _THRESHOLD.match(text)
    try:
        if match is None:
            raise ValueError
        limit = float(match[3])
        if not math.isfinite(limit):
            raise ValueError
    except ValueError as error:
        raise UsageError(
            f"--threshold is {text!r}; write METRIC>=NUMBER or METRIC<=NUMBER in quotes (a shell takes > for a file), "
            "such as --threshold 'accuracy>=0.9'"
        ) from error
    return {"metric": match[1], "min" if match[2] == ">=" else "max": limit}


def read_command(text: str) -> list[str]:
    """A command line as a shell splits it."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--command is {text!r}, whose quotes do not close") from error
    if not words:
        raise UsageError("--command is empty; write it as in a shell, such as --command 'python3 train.py'")
    return words


def name_from(folder: str) -> str:
    """A name for an object, made from the name of a folder."""
    name = re.sub(r"[^a-z0-9]+", "-", folder.lower())[:_LONGEST_NAME].strip("-")
    if not name:
        raise UsageError(f"no name can be made from the folder {folder!r}; give --name NAME")
    return name
