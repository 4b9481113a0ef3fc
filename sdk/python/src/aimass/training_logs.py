"""What the pods of a TrainingJob print."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from .errors import ConnectionFailed, InvalidRequest, NotFound
from .kube_access import KubeAccess
from .objects import GROUP, Objects

_JOB = f"{GROUP}/training-job"
_INDEX = "batch.kubernetes.io/job-completion-index"
_SECONDS_BETWEEN_LOOKS = 1.0


@dataclass(frozen=True)
class Which:
    """Whose log is meant: pods of a stage, a worker by its number, a trial, a run. None: any, the newest first."""

    stage: str | None = None
    worker: int = 0
    trial: int | None = None
    run: int | None = None


@dataclass(frozen=True)
class LogLine:
    """A line, and who printed it."""

    pod: str
    container: str
    stage: str
    text: str


class PodLogs:
    """Reads and follows logs of pods."""

    def __init__(self, objects: Objects, access: KubeAccess, *, wait: Callable[[float], None] = time.sleep) -> None:
        self._objects = objects
        self._access = access
        self._wait = wait

    def now(self, job: Mapping[str, Any], which: Which) -> Iterator[LogLine]:
        """What is there of the newest pod that is meant."""
        stage = which.stage or current_stage(job)
        run = which.run or run_of(job)
        name = job["metadata"]["name"]
        pods = self._pods(name, Which(stage, which.worker, which.trial, run))
        if not pods:
            raise NotFound(_nothing(name, stage, which))
        return self._lines(pods[-1], follow=False)

    def follow(self, name: str, which: Which, has_ended: Callable[[], bool]) -> Iterator[LogLine]:
        """One pod after another as they come, each to its end, until the run has ended."""
        seen: set[str] = set()
        while True:
            is_over = has_ended()
            fresh = [pod for pod in self._pods(name, which) if pod["metadata"]["uid"] not in seen]
            for pod in fresh:
                seen.add(pod["metadata"]["uid"])
                with contextlib.suppress(NotFound):  # removed meanwhile
                    yield from self._lines(pod, follow=True)
            if is_over and not fresh:
                return
            self._wait(_SECONDS_BETWEEN_LOOKS)

    def _pods(self, name: str, which: Which) -> list[dict[str, Any]]:
        """Those that are meant, oldest first."""
        labels = {
            _JOB: name,
            _INDEX: which.worker,
            f"{GROUP}/stage": which.stage,
            f"{GROUP}/trial": which.trial,
            f"{GROUP}/run": which.run,
        }
        selector = ",".join(f"{key}={value}" for key, value in labels.items() if value is not None)
        pods = self._objects.select("Pod", selector)
        return sorted(pods, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))

    def _lines(self, pod: Mapping[str, Any], *, follow: bool) -> Iterator[LogLine]:
        name = pod["metadata"]["name"]
        for container in _containers(pod):
            if follow:
                self._await_start(name, container)
            stage = pod["metadata"]["labels"].get(f"{GROUP}/stage", "")
            for text in self._texts(name, container, follow):
                yield LogLine(name, container, stage, text)

    def _await_start(self, pod: str, container: str) -> None:
        while True:
            now = self._objects.get("Pod", pod)
            if _has_started(now, container) or now["status"].get("phase") in ("Succeeded", "Failed"):
                return
            self._wait(_SECONDS_BETWEEN_LOOKS)

    def _texts(self, pod: str, container: str, follow: bool) -> Iterator[str]:
        """Lines without their times. The times tell where to go on after a connection was lost."""
        last = ""
        while True:
            known = last
            query = {"container": container, "timestamps": "true", "follow": str(follow).lower()}
            if known:
                query["sinceTime"] = known
            # A container that never started has no log.
            with contextlib.suppress(InvalidRequest, *((ConnectionFailed,) if follow else ())):
                for line in self._access.stream(f"{self._objects.path('Pod', pod)}/log?{urlencode(query)}"):
                    last, _, text = line.partition(" ")
                    if last > known:
                        yield text
            if not follow or not _is_running(self._objects.get("Pod", pod), container):
                return
            self._wait(_SECONDS_BETWEEN_LOOKS)


def current_stage(job: Mapping[str, Any]) -> str:
    """The stage that runs or failed; else that which trained."""
    stages = (job.get("status") or {}).get("stages") or []
    return next((str(stage["name"]) for stage in stages if stage["state"] in ("Running", "Failed")), "train")


def run_of(job: Mapping[str, Any]) -> int | None:
    """Number of the run that goes on, or ended last."""
    number = ((job.get("status") or {}).get("run") or {}).get("number")
    return None if number is None else int(number)


def _containers(pod: Mapping[str, Any]) -> list[str]:
    """Those that run one after another; helpers that run beside (sidecars) are left out."""
    before = [entry for entry in pod["spec"].get("initContainers") or [] if entry.get("restartPolicy") != "Always"]
    return [str(entry["name"]) for entry in (*before, *pod["spec"]["containers"])]


def _state(pod: Mapping[str, Any], container: str) -> Mapping[str, Any]:
    status = pod.get("status") or {}
    entries = (*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or []))
    return next((entry.get("state") or {} for entry in entries if entry["name"] == container), {})


def _has_started(pod: Mapping[str, Any], container: str) -> bool:
    return any(key in _state(pod, container) for key in ("running", "terminated"))


def _is_running(pod: Mapping[str, Any], container: str) -> bool:
    return "running" in _state(pod, container)


def _nothing(name: str, stage: str, which: Which) -> str:
    trial = "" if which.trial is None else f" of trial {which.trial}"
    return (
        f"TrainingJob {name!r} has no pod for worker {which.worker} of the stage {stage}{trial}: it has not started, "
        f"or is gone already, as those of trials that have ended; see aimass jobs {name}"
    )
