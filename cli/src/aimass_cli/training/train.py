"""The steps of ``aimass train``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aimass
import typer
from aimass.cluster import Cluster
from aimass.training import has_ended
from rich.text import Text

from ..exits import UsageError
from ..render import console
from .code_folder import Code, read_code
from .code_map import build_code_map
from .ending import failure, follow_hint, is_success, success
from .follow import follow, now
from .image import build_image, check_reference, own_build_file
from .job_spec import Flags, build_job, default_command
from .manifest import read_job
from .submit import Submitted, remove_old_code, submit
from .values import name_from

INTERRUPTED = 130
_PROGRAMS = ("train.py", "main.py")
Manifest = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What was asked for: where the code is, and what the flags say."""

    folder: Path | None
    spec_file: Path | None
    name: str | None
    flags: Flags
    build: str | None = None
    base: str | None = None


@dataclass(frozen=True)
class Plan:
    """What is applied, and in which namespace the manifest wants it."""

    job: Manifest
    code_map: Manifest | None
    namespace: str | None


def make_plan(asked: Asked, find_base: Any = None) -> Plan:
    """The objects that are applied; builds the image when one is wanted and there is somewhere to ask for its base."""
    spec_file = _spec_file(asked)
    base, others = read_job(spec_file, asked.name) if spec_file else ({}, [])
    if others:
        _say(f"left out of {spec_file.name if spec_file else ''}: {', '.join(others)}; kubectl apply makes them")
    meta = base.get("metadata") or {}
    name = asked.name or meta.get("name") or name_from(_folder_name(asked))
    job = build_job(name, base, asked.flags)
    code_map = None
    if asked.build is not None:
        _use_built_image(job, asked, find_base)
    elif asked.folder is not None and "recipe" not in job["spec"]:
        code_map = _use_code(job, asked.folder, spec_file)
    return Plan(job, code_map, meta.get("namespace"))


def run(cluster: Cluster, plan: Plan, *, force: bool, follows: bool, has_logs: bool) -> None:
    """Apply it, and stay with it; ends the program with the right code."""
    done = submit(cluster, plan.job, plan.code_map, force=force)
    _say(_submitted(done))
    if not follows:
        remove_old_code(cluster, done.job)
        return
    try:
        job = follow(cluster, done.job, has_logs=has_logs)
    except KeyboardInterrupt as error:
        _say(follow_hint(done.job))
        raise typer.Exit(INTERRUPTED) from error
    remove_old_code(cluster, job)
    _end(cluster, job)


def _end(cluster: Cluster, job: Manifest) -> None:
    if not is_success(job):
        raise aimass.AimassError(failure(job))
    out = console()
    for name, text in success(cluster, job, now()):
        # One line each, however long: it is copied from here.
        out.print(Text(f"{name:<9} ", style="dim").append(text, style="not dim"), soft_wrap=True)


def _submitted(done: Submitted) -> str:
    name, where = done.job["metadata"]["name"], done.job["metadata"]["namespace"]
    what = "made" if done.is_new else "changed" if done.is_changed else "as it was"
    words = f"TrainingJob {name} in {where}: {what}."
    if done.job["spec"].get("suspend"):
        return f"{words} It is suspended: aimass resume {name} -n {where}"
    if not done.is_changed and has_ended(done.job):
        again = "rerun" if is_success(done.job) else "retry"
        return f"{words} Nothing is trained anew; aimass {again} {name} -n {where} does"
    return words


def _spec_file(asked: Asked) -> Path | None:
    if asked.spec_file is not None:
        return asked.spec_file
    if asked.folder is None:
        raise UsageError("give a folder with code, or a manifest with -f; see aimass train --help")
    if not asked.folder.is_dir():
        raise UsageError(f"{str(asked.folder)!r} is no folder; give the one that holds train.py")
    found = asked.folder / "job.yaml"
    return found if found.is_file() else None


def _folder_name(asked: Asked) -> str:
    path = asked.folder or asked.spec_file
    return path.resolve().name if path is not None else ""


def _use_code(job: Manifest, folder: Path, spec_file: Path | None) -> Manifest | None:
    """Put the code in, and the command that runs it."""
    spec = job["spec"]
    code = read_code(folder, spec_file=spec_file)
    if code.left_out:
        _say(f"left out as data: {', '.join(code.left_out)}; --data NAME=URI brings data in")
    command = spec.get("command") or _command(spec, code)
    if command is None:
        if spec.get("image") is not None:
            return None  # the program is in the image
        raise UsageError(
            f"{folder.name!r} has no {' or '.join(_PROGRAMS)}; say what to run with --command, such as "
            "--command 'python3 fit.py'"
        )
    if not code.files:
        return None
    code_map = build_code_map(job["metadata"]["name"], code)
    spec["command"] = command
    spec["code"] = {"configMap": {"name": code_map["metadata"]["name"]}}
    return code_map


def _command(spec: Manifest, code: Code) -> list[str] | None:
    program = next((name for name in _PROGRAMS if name in code.files), None)
    return None if program is None else default_command(spec, program)


def _use_built_image(job: Manifest, asked: Asked, find_base: Any) -> None:
    folder, spec, reference = asked.folder, job["spec"], asked.build
    if folder is None or reference is None:
        raise UsageError("--build needs the folder to build")
    if "recipe" in spec:
        raise UsageError("--build does not go with a recipe, which brings its own program")
    check_reference(reference)
    spec.pop("code", None)
    program = next((name for name in _PROGRAMS if (folder / name).is_file()), None)
    if "command" not in spec and own_build_file(folder) is None:
        if program is None:
            raise UsageError(f"{folder.name!r} has no {' or '.join(_PROGRAMS)}; say what to run with --command")
        spec["command"] = default_command(spec, program)
    spec["image"] = reference if find_base is None else build_image(folder, reference, asked.base, find_base).reference


def _say(text: str) -> None:
    print(text, file=sys.stderr)
