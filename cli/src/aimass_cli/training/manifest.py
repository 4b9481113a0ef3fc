"""Manifests in YAML, read and written as kubectl does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from aimass.objects import GROUP, VERSION

from ..exits import UsageError

_KIND = "TrainingJob"
# YAML 1.1 takes 1e-3 for a text; kubectl, and people who write learning rates, take it for a number.
_FLOAT = re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$")


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML with the numbers of JSON, in which dates are texts."""


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Texts of several lines as blocks, and in quotes what would be read as a number."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789"))
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789"))


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _block)


def write_yaml(objects: list[dict[str, Any]]) -> str:
    """Objects as YAML, one document each."""
    return str(yaml.dump_all(objects, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120))


def read_job(path: Path, name: str | None) -> tuple[dict[str, Any], list[str]]:
    """The TrainingJob of a file, and what else is there, as ``Kind name``.

    Args:
        path: The file.
        name: Which one, when there are several.

    Raises:
        UsageError: the file cannot be read, or holds no TrainingJob, or several.
    """
    documents = _documents(path)
    jobs = [document for document in documents if document.get("kind") == _KIND]
    named = [job for job in jobs if _name_of(job) == name]
    chosen = named or jobs
    if len(chosen) != 1:
        names = ", ".join(_name_of(job) or "without a name" for job in jobs)
        raise UsageError(
            f"{path.name!r} holds several TrainingJobs ({names}); choose one with --name"
            if jobs
            else f"{path.name!r} holds no TrainingJob; it begins with apiVersion: {GROUP}/{VERSION} and kind: {_KIND}"
        )
    others = [f"{document.get('kind')} {_name_of(document)}" for document in documents if document is not chosen[0]]
    return _checked(chosen[0], path), others


def _documents(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        documents = [document for document in yaml.load_all(text, Loader=_Loader) if document is not None]
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path.name!r} is not UTF-8 text; save it as UTF-8") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"{path.name!r} is not YAML: {' '.join(str(error).split())}") from error
    if not all(isinstance(document, dict) for document in documents):
        raise UsageError(f"{path.name!r} holds something that is no Kubernetes object")
    return documents


def _name_of(document: dict[str, Any]) -> str | None:
    meta = document.get("metadata")
    name = meta.get("name") if isinstance(meta, dict) else None
    return None if name is None else str(name)


def _checked(job: dict[str, Any], path: Path) -> dict[str, Any]:
    wanted = f"{GROUP}/{VERSION}"
    if job.get("apiVersion") != wanted:
        raise UsageError(f"apiVersion of the TrainingJob in {path.name!r} is {job.get('apiVersion')!r}; write {wanted}")
    for member in ("metadata", "spec"):
        if not isinstance(job.get(member, {}), dict):
            raise UsageError(f"{member} of the TrainingJob in {path.name!r} is no object")
    return job
