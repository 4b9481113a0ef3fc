"""TrainingJobs of a namespace: what they do, and the words that steer them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from .errors import ConnectionFailed, InvalidRequest, NotFound
from .kube_access import KubeAccess
from .objects import GROUP, Objects
from .training_logs import LogLine, PodLogs, Which, run_of

_KIND = "TrainingJob"
_TRIALS = "trials.json"
_SECONDS_BETWEEN_LOOKS = 1.0


class TrainingJobs:
    """The TrainingJobs of one namespace. ``Cluster(namespace="shop").training`` makes one."""

    def __init__(self, objects: Objects, access: KubeAccess) -> None:
        self._objects = objects
        self._logs = PodLogs(objects, access)

    def get(self, name: str) -> dict[str, Any]:
        """A TrainingJob as it is in the cluster, with ``metadata``, ``spec`` and ``status``; raises NotFound."""
        try:
            return self._objects.get(_KIND, name)
        except NotFound as error:
            raise NotFound(
                f"no TrainingJob {name!r} in the namespace {self._objects.namespace!r}; `aimass jobs -A` lists all",
                status=404,
            ) from error

    def apply(self, manifest: dict[str, Any], *, manager: str = "aimass", force: bool = False) -> dict[str, Any]:
        """Make a TrainingJob, or make it as the manifest says. Changing what is trained starts a new run."""
        return self._objects.apply(manifest, manager=manager, force=force)

    def retry(self, name: str) -> dict[str, Any]:
        """Go on with a run that failed, from the stage that failed."""
        return self._annotate(name, "retry")

    def rerun(self, name: str) -> dict[str, Any]:
        """Start a new run from the beginning; one that goes on is stopped."""
        return self._annotate(name, "runAgain")

    def suspend(self, name: str) -> dict[str, Any]:
        """Stop the pods and keep everything else."""
        return self._change(name, {"spec": {"suspend": True}})

    def resume(self, name: str) -> dict[str, Any]:
        """Go on where it was suspended."""
        return self._change(name, {"spec": {"suspend": False}})

    def watch(
        self,
        name: str,
        *,
        on_lost: Callable[[ConnectionFailed], None] = lambda _: None,
        wait: Callable[[float], None] = time.sleep,
    ) -> Iterator[dict[str, Any]]:
        """The job now, and again whenever it has changed; never ends by itself. A lost connection is waited out.

        Args:
            name: Name of the TrainingJob.
            on_lost: Told of each look that failed.
            wait: Waits so many seconds.
        """
        job = self.get(name)
        while True:
            yield job
            seen = job["metadata"]["resourceVersion"]
            while job["metadata"]["resourceVersion"] == seen:
                wait(_SECONDS_BETWEEN_LOOKS)
                try:
                    job = self.get(name)
                except ConnectionFailed as error:
                    on_lost(error)

    def trials(self, name: str) -> list[dict[str, Any]]:
        """All trials of the search of the current run, best first; those without a value at the end.

        Raises:
            InvalidRequest: the job has no search, or somebody has changed what holds the trials.
        """
        job = self.get(name)
        search = job["spec"].get("search")
        if search is None:
            raise InvalidRequest(f"TrainingJob {name!r} has no trials: its spec has no search")
        ledger = ((job.get("status") or {}).get("trials") or {}).get("ledger") or []
        found = [trial for chunk in ledger for trial in self._trials_of(chunk)]
        sign = -1 if search["objective"]["goal"] == "maximize" else 1
        return sorted(found, key=lambda trial: _rank(trial, sign))

    def logs(self, name: str, which: Which | None = None, *, follow: bool = False) -> Iterator[LogLine]:
        """What the pods of a job print. Without a stage: the one that runs, failed, or trained.

        Args:
            name: Name of the TrainingJob.
            which: Stage, worker, trial and run. Default: worker 0 of the current run.
            follow: Go on with what comes, through restarts and later stages, until the run has ended.

        Raises:
            NotFound: there is no such pod, or no longer.
        """
        job = self.get(name)
        wanted = which or Which()
        if follow:
            wanted = replace(wanted, run=wanted.run or run_of(job))
            return self._logs.follow(name, wanted, lambda: has_ended(self.get(name)))
        return self._logs.now(job, wanted)

    def _trials_of(self, config_map: str) -> list[dict[str, Any]]:
        lines = (self._objects.get("ConfigMap", config_map).get("data") or {}).get(_TRIALS, "").splitlines()
        try:
            return [json.loads(line) for line in lines if line.strip()]
        except ValueError as error:
            raise InvalidRequest(
                f"ConfigMap {config_map!r} holds no trials: somebody has changed it ({error})"
            ) from error

    def _annotate(self, name: str, key: str) -> dict[str, Any]:
        now = datetime.now(timezone.utc).isoformat()
        return self._change(name, {"metadata": {"annotations": {f"{GROUP}/{key}": now}}})

    def _change(self, name: str, change: dict[str, Any]) -> dict[str, Any]:
        self.get(name)  # says in which namespace there is none
        return self._objects.patch(_KIND, name, change)


def has_ended(job: Mapping[str, Any]) -> bool:
    """Whether the run of what the spec now says is over, well or not."""
    status = job.get("status") or {}
    is_seen = (status.get("observedGeneration") or 0) >= job["metadata"]["generation"]
    return is_seen and status.get("phase") in ("Succeeded", "Failed")


def _rank(trial: Mapping[str, Any], sign: int) -> tuple[bool, float, int]:
    value = trial.get("value")
    return (value is None, 0.0 if value is None else sign * float(value), int(trial["number"]))
