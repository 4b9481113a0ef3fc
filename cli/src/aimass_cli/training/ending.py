"""The last words about a run: what came out of it, and what to do next."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import aimass
from aimass.cluster import Cluster
from aimass.objects import GROUP, VERSION

from ..overview import size
from .times import took
from .words import Job, best_trial, pairs, reached, status_of, why

_INPUTS = {"tabular": "--csv rows.csv", "image": "image.png", "text": '--text "…"', "feature": '--text "…"'}


def is_success(job: Job) -> bool:
    """Whether the run went well."""
    return status_of(job).get("phase") == "Succeeded"


def failure(job: Job) -> str:
    """Why it failed, and how to go on."""
    name, where = job["metadata"]["name"], _where(job)
    words = why(job) or "The run failed."
    return f"{words}\nIts log: aimass logs {name}{where}. The same run again from there: aimass retry {name}{where}"


def success(cluster: Cluster, job: Job, now: datetime) -> Iterator[tuple[str, str]]:
    """What came out, as names and texts."""
    status = status_of(job)
    run, artifact = status.get("run") or {}, status.get("artifact") or {}
    yield "run", f"{run.get('number')}, {took(run, now)}"
    best = best_trial(job)
    if best:
        yield "best", f"trial {best}"
    metrics = pairs(reached(job), 8)
    if metrics:
        yield "metrics", metrics
    if not artifact:
        yield "artifact", "none: the spec publishes nothing; --publish-model NAME makes a Model of it"
        return
    if artifact.get("run") != run.get("number"):
        kept = "the run before is better, or publishes under other settings; Models follow that one"
        yield "kept", f"run {artifact.get('run')}: {kept}"
    yield "artifact", str(artifact["uri"])
    yield "digest", f"{artifact['digest']}  {size(artifact.get('sizeBytes')) or ''}".rstrip()
    yield from _model(cluster, job)


def follow_hint(job: Job) -> str:
    """What to type after Ctrl-C."""
    name, where = job["metadata"]["name"], _where(job)
    delete = f"kubectl delete trainingjob {name} -n {job['metadata']['namespace']}"
    return (
        f"{name} goes on in the cluster. Follow it: aimass jobs {name} --watch{where}. "
        f"Pause it: aimass suspend {name}{where}. Delete it: {delete}"
    )


def _model(cluster: Cluster, job: Job) -> Iterator[tuple[str, str]]:
    name = ((job["spec"].get("publish") or {}).get("model") or {}).get("name")
    if name is None:
        yield "model", "none: --publish-model NAME makes one, or a Model with source.trainingJob follows this job"
        return
    yield "model", name
    services: list[dict[str, Any]] = []
    with contextlib.suppress(aimass.Unauthorized, aimass.NotFound):
        services = cluster.services()
    serving = [item["metadata"]["name"] for item in services if (item["spec"].get("model") or {}).get("name") == name]
    if not serving:
        yield "serve it", f"echo '{json.dumps(_service(name))}' | kubectl apply -n {cluster.namespace} -f -"
    yield "ask it", f"aimass predict {serving[0] if serving else name} {_input(job)}{_where(job)}"


def _service(model: str) -> dict[str, Any]:
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "InferenceService",
        "metadata": {"name": model},
        "spec": {"model": {"name": model}},
    }


def _input(job: Job) -> str:
    spec = job["spec"]
    task = str(spec.get("task") or (spec.get("recipe") or {}).get("name") or "")
    return next((text for part, text in _INPUTS.items() if task.startswith(part)), "--json request.json")


def _where(job: Job) -> str:
    return f" -n {job['metadata']['namespace']}"
