"""What ``aimass train`` writes to the cluster, and what it tidies away."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import aimass
from aimass.cluster import Cluster

from .code_map import JOB_LABEL, MANAGER, code_selector, owned_by

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Submitted:
    """The job as it is now, and whether it was made or changed."""

    job: Manifest
    is_new: bool
    is_changed: bool


def submit(cluster: Cluster, job: Manifest, code_map: Manifest | None, *, force: bool) -> Submitted:
    """Apply the code and the job; the code belongs to the job.

    Raises:
        InvalidRequest: the spec breaks a rule, or somebody else holds a field; then nothing was written.
    """
    before = _existing(cluster, job["metadata"]["name"])
    # Asks first, so that no code is left behind by a job that is refused.
    with _conflicts_explained():
        cluster.objects.apply(job, manager=MANAGER, force=force, dry_run=True)
        if code_map is not None:
            code_map = code_map if before is None else owned_by(before, code_map)
            cluster.objects.apply(code_map, manager=MANAGER, force=True)
        now = cluster.objects.apply(job, manager=MANAGER, force=force)
    if code_map is not None and before is None:
        cluster.objects.apply(owned_by(now, code_map), manager=MANAGER, force=True)
    is_changed = before is None or before["metadata"]["generation"] != now["metadata"]["generation"]
    return Submitted(now, before is None, is_changed)


def remove_old_code(cluster: Cluster, job: Manifest) -> list[str]:
    """Remove the code of runs that are over; gives the names. What a pod could still start with stays.

    Nothing is removed before the operator has seen the job as it is now: until then it may start the old run again.
    """
    meta = job["metadata"]
    if ((job.get("status") or {}).get("observedGeneration") or 0) < meta["generation"]:
        return []
    used = _code_of(job["spec"])
    # Whoever may not look at Jobs cannot tell what is used.
    with contextlib.suppress(aimass.Unauthorized):
        selector = f"{JOB_LABEL}={meta['name']}"
        for kind in ("Job", "Pod"):
            for item in cluster.objects.select(kind, selector):
                used |= _mounted_by(item)
        old = [item["metadata"]["name"] for item in cluster.objects.select("ConfigMap", code_selector(meta["name"]))]
        return [name for name in old if name not in used and _remove(cluster, name)]
    return []


@contextlib.contextmanager
def _conflicts_explained() -> Iterator[None]:
    try:
        yield
    except aimass.InvalidRequest as error:
        if error.status != 409:
            raise
        words = " ".join(error.message.split())
        raise aimass.InvalidRequest(
            f"somebody else holds fields that this would change: {words}. --force-conflicts takes them over",
            status=409,
        ) from error


def _existing(cluster: Cluster, name: str) -> Manifest | None:
    try:
        return cluster.objects.get("TrainingJob", name)
    except aimass.NotFound:
        return None


def _code_of(spec: Manifest) -> set[str]:
    name = ((spec.get("code") or {}).get("configMap") or {}).get("name")
    return set() if name is None else {name}


def _mounted_by(item: Manifest) -> set[str]:
    """ConfigMaps that a pod, or the pods of a Job that goes on, can mount."""
    is_job = "template" in item["spec"]
    status = item.get("status") or {}
    ends = (
        [entry["type"] for entry in status.get("conditions") or [] if entry["status"] == "True"]
        if is_job
        else [status.get("phase")]
    )
    if any(end in ("Complete", "Failed", "Succeeded") for end in ends):
        return set()
    volumes = (item["spec"]["template"]["spec"] if is_job else item["spec"]).get("volumes") or []
    return {volume["configMap"]["name"] for volume in volumes if "configMap" in volume}


def _remove(cluster: Cluster, name: str) -> bool:
    with contextlib.suppress(aimass.NotFound, aimass.Unauthorized):
        cluster.objects.remove("ConfigMap", name)
        return True
    return False
