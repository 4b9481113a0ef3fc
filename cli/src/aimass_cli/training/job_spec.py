"""The TrainingJob that is applied: flags over the manifest that a folder has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aimass.objects import GROUP, VERSION

from .values import read_command, read_data, read_parameter, read_threshold

Spec = dict[str, Any]


@dataclass(frozen=True)
class Flags:
    """What was asked for on the command line; None and empty leave what the manifest says."""

    framework: str | None = None
    task: str | None = None
    command: str | None = None
    parameters: Sequence[str] = ()
    data: Sequence[str] = ()
    target: str | None = None
    workers: int | None = None
    gpu: int | None = None
    cpu: str | None = None
    memory: str | None = None
    image: str | None = None
    model: str | None = None
    thresholds: Sequence[str] = ()


def build_job(name: str, base: dict[str, Any], flags: Flags) -> dict[str, Any]:
    """The TrainingJob of that name; without its code, and the command that follows from it."""
    spec: Spec = dict(base.get("spec") or {})
    for step in (_program, _parameters, _data, _workers, _evaluation, _publish):
        spec = step(spec, flags)
    kept = {key: value for key, value in (base.get("metadata") or {}).items() if key in ("labels", "annotations")}
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "TrainingJob",
        "metadata": {"name": name, **kept},
        "spec": spec,
    }


def default_command(spec: Spec, program: str) -> list[str]:
    """How a program is started: by the launcher of its framework where there are several processes."""
    workers = spec.get("workers") or {}
    several = any(workers.get(key, 1) != 1 for key in ("count", "processesPerWorker")) or "minCount" in workers
    if several and spec.get("framework") == "pytorch":
        return ["torchrun", program]
    if several and spec.get("framework") == "paddlepaddle":
        return ["python3", "-m", "paddle.distributed.launch", program]
    return ["python3", program]


def _program(spec: Spec, flags: Flags) -> Spec:
    given = {"framework": flags.framework, "task": flags.task, "image": flags.image}
    if flags.command is not None:
        # The arguments in the manifest were for the command there.
        spec = {key: value for key, value in spec.items() if key != "args"}
        given["command"] = read_command(flags.command)  # type: ignore[assignment]
    return {**spec, **{key: value for key, value in given.items() if value is not None}}


def _parameters(spec: Spec, flags: Flags) -> Spec:
    given = dict(read_parameter(text) for text in flags.parameters)
    return {**spec, "parameters": {**(spec.get("parameters") or {}), **given}} if given else spec


def _data(spec: Spec, flags: Flags) -> Spec:
    sets = {entry["name"]: entry for entry in spec.get("data") or [] if "name" in entry}
    for name, uri in map(read_data, flags.data):
        before = sets.get(name, {})
        # A digest is that of the data named there.
        kept = before if before.get("uri") == uri else {key: before[key] for key in before if key != "sha256"}
        sets[name] = {**kept, "name": name, "uri": uri}
    spec = {**spec, "data": list(sets.values())} if flags.data else spec
    if flags.target is not None:
        return {**spec, "prepare": {**(spec.get("prepare") or {}), "target": flags.target}}
    return spec


def _workers(spec: Spec, flags: Flags) -> Spec:
    workers = dict(spec.get("workers") or {})
    if flags.workers is not None:
        workers["count"] = flags.workers
    if flags.gpu is not None:
        workers["accelerator"] = {**(workers.get("accelerator") or _NVIDIA), "count": flags.gpu}
    if flags.cpu is not None or flags.memory is not None:
        workers["resources"] = _resources(workers.get("resources") or {}, flags)
    return {**spec, "workers": workers} if workers else spec


_NVIDIA = {"resourceName": "nvidia.com/gpu"}


def _resources(before: dict[str, Any], flags: Flags) -> dict[str, Any]:
    """Processors are asked for, memory is asked for and limited: what is beyond would only end in a kill."""
    requests, limits = dict(before.get("requests") or {}), dict(before.get("limits") or {})
    if flags.cpu is not None:
        requests["cpu"] = flags.cpu
        limits.pop("cpu", None)
    if flags.memory is not None:
        requests["memory"] = limits["memory"] = flags.memory
    return {"requests": requests, **({"limits": limits} if limits else {})}


def _evaluation(spec: Spec, flags: Flags) -> Spec:
    given = [read_threshold(text) for text in flags.thresholds]
    if not given:
        return spec
    evaluation = dict(spec.get("evaluation") or {})
    by_metric = {entry["metric"]: entry for entry in evaluation.get("thresholds") or []}
    named: dict[str, Any] = {}
    for entry in given:
        named[entry["metric"]] = {**named.get(entry["metric"], {}), **entry}
    return {**spec, "evaluation": {**evaluation, "thresholds": list({**by_metric, **named}.values())}}


def _publish(spec: Spec, flags: Flags) -> Spec:
    if flags.model is None:
        return spec
    return {**spec, "publish": {**(spec.get("publish") or {}), "model": {"name": flags.model}}}
