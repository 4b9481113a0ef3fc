from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from real_servers import Api

import aimass
from aimass.cluster import Cluster
from aimass.training import has_ended
from aimass.training_logs import Which, current_stage

CODE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "code"}, "data": {"train.py": "print(1)"}}
SEARCH = {
    "objective": {"metric": "auc", "goal": "maximize"},
    "parameters": [{"name": "lr", "type": "float", "min": 0.1, "max": 1}],
    "maxTrials": 3,
}


def _manifest(name: str, **spec: Any) -> dict[str, Any]:
    kind = {"apiVersion": "aimass.dev/v1alpha1", "kind": "TrainingJob"}
    return {**kind, "metadata": {"name": name}, "spec": {"image": "example.com/a", **spec}}


@pytest.fixture
def shop(api: Api) -> Iterator[Cluster]:
    yield Cluster(kubeconfig=api.kubeconfig, namespace="shop")
    api.kubectl("delete", "trainingjobs,configmaps", "--all", "-n", "shop", "--wait=false")


@pytest.mark.api
def test_a_job_is_applied_found_and_steered(shop: Cluster) -> None:
    jobs = shop.training
    made = jobs.apply(_manifest("net"), manager="tests")
    assert (made["metadata"]["namespace"], made["spec"]["framework"]) == ("shop", "custom")
    assert [job["metadata"]["name"] for job in shop.training_jobs()] == ["net"]
    assert len(shop.training_jobs(all_namespaces=True)) == 1
    first = jobs.retry("net")["metadata"]["annotations"]["aimass.dev/retry"]
    assert jobs.retry("net")["metadata"]["annotations"]["aimass.dev/retry"] != first
    assert "aimass.dev/runAgain" in jobs.rerun("net")["metadata"]["annotations"]
    assert jobs.suspend("net")["spec"]["suspend"] is True
    assert jobs.resume("net")["spec"]["suspend"] is False
    for steer in (jobs.get, jobs.retry, jobs.rerun, jobs.suspend, jobs.resume, jobs.trials, jobs.logs):
        with pytest.raises(aimass.NotFound, match="no TrainingJob 'wine' in the namespace 'shop'"):
            steer("wine")


@pytest.mark.api
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"framework": "fortran"}, 'Unsupported value: "fortran"'),
        ({"recipe": {"name": "text-ranking"}}, "either a recipe, or an image or command"),
        ({"comand": ["a"]}, r"\.spec\.comand: field not declared in schema"),
    ],
)
def test_a_spec_that_breaks_a_rule_is_refused(shop: Cluster, change: dict[str, Any], says: str) -> None:
    with pytest.raises(aimass.InvalidRequest, match=says):
        shop.training.apply(_manifest("net", **change))


@pytest.mark.api
def test_fields_that_others_hold_are_kept_unless_forced(shop: Cluster) -> None:
    shop.training.apply(_manifest("net", framework="sklearn"), manager="one")
    with pytest.raises(aimass.InvalidRequest, match='conflict with "one"') as told:
        shop.training.apply(_manifest("net", framework="pytorch"), manager="two")
    assert told.value.status == 409
    assert shop.training.apply(_manifest("net", framework="pytorch"), manager="two", force=True)["spec"][
        "framework"
    ] == ("pytorch")


@pytest.mark.api
def test_single_objects(shop: Cluster) -> None:
    objects = shop.objects
    objects.apply(CODE, dry_run=True)
    with pytest.raises(aimass.NotFound):
        objects.get("ConfigMap", "code")
    objects.apply({**CODE, "metadata": {"name": "code", "labels": {"a": "b"}}})
    assert [item["metadata"]["name"] for item in objects.select("ConfigMap", "a=b")] == ["code"]
    objects.patch("ConfigMap", "code", {"data": {"b.py": "2"}})
    assert set(objects.get("ConfigMap", "code")["data"]) == {"train.py", "b.py"}
    objects.remove("ConfigMap", "code")
    with pytest.raises(aimass.NotFound):
        objects.remove("ConfigMap", "code")
    with pytest.raises(aimass.InvalidRequest, match="kind is 'Secret'; use one of ConfigMap"):
        objects.get("Secret", "code")


@pytest.mark.api
def test_trials_come_best_first(shop: Cluster, api: Api) -> None:
    shop.training.apply(_manifest("net", search=SEARCH))
    assert shop.training.trials("net") == []
    lines = [{"number": 0, "value": 0.5}, {"number": 1}, {"number": 2, "value": 0.75}, {"number": 3, "value": 0.5}]
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    shop.objects.apply({**CODE, "metadata": {"name": "net-r1-trials-0"}, "data": {"trials.json": text}})
    trials = {"total": 4, "running": 0, "succeeded": 3, "failed": 1, "pruned": 0, "recent": []}
    api.set_status("trainingjob", "net", {"trials": {**trials, "ledger": ["net-r1-trials-0"]}})
    assert [trial["number"] for trial in shop.training.trials("net")] == [2, 0, 3, 1]


@pytest.mark.api
def test_a_job_is_watched_through_its_changes(shop: Cluster, api: Api) -> None:
    shop.training.apply(_manifest("net"))
    phases = iter(["Training", "Succeeded"])

    def wait(_: float) -> None:
        api.set_status("trainingjob", "net", {"phase": next(phases), "observedGeneration": 1})

    seen = []
    for job in shop.training.watch("net", wait=wait):
        seen.append(job["status"].get("phase"))
        if has_ended(job):
            break
    assert seen == [None, "Training", "Succeeded"]


@pytest.mark.api
def test_the_image_of_the_toolkit_is_that_of_the_deployment(shop: Cluster, api: Api) -> None:
    with pytest.raises(aimass.NotFound, match="toolkit image is not to be found"):
        shop.toolkit_image()
    labels = {"app.kubernetes.io/part-of": "aimass", "app.kubernetes.io/component": "suggest"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "suggest", "image": "toolkit:7"}]}}
    meta = {"name": "aimass-suggest", "namespace": "shop", "labels": labels}
    spec = {"selector": {"matchLabels": labels}, "template": pod}
    api.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec})
    try:
        assert shop.toolkit_image() == "toolkit:7"
    finally:
        api.kubectl("delete", "deployment", "aimass-suggest", "-n", "shop")


@pytest.mark.api
def test_whoever_may_not_look_everywhere_does_not_find_the_toolkit(api: Api, tmp_path: Path) -> None:
    with pytest.raises(aimass.NotFound, match="ask the platform team"):
        Cluster(kubeconfig=api.as_user("guest", tmp_path), namespace="shop").toolkit_image()


@pytest.mark.parametrize(
    ("states", "want"),
    [
        ([], "train"),
        ([("prepare", "Running"), ("train", "Waiting")], "prepare"),
        ([("train", "Succeeded"), ("convert", "Failed")], "convert"),
        ([("train", "Succeeded"), ("convert", "Succeeded")], "train"),
    ],
)
def test_the_stage_that_is_looked_at(states: list[tuple[str, str]], want: str) -> None:
    stages = [{"name": name, "state": state} for name, state in states]
    assert current_stage({"status": {"stages": stages}}) == want


@pytest.mark.parametrize(
    ("status", "want"),
    [
        ({}, False),
        ({"observedGeneration": 1, "phase": "Failed"}, False),
        ({"observedGeneration": 2, "phase": "Training"}, False),
        ({"observedGeneration": 2, "phase": "Succeeded"}, True),
        ({"observedGeneration": 2, "phase": "Failed"}, True),
    ],
)
def test_a_run_has_ended_when_the_status_is_of_this_spec(status: dict[str, Any], want: bool) -> None:
    assert has_ended({"metadata": {"generation": 2}, "status": status}) is want


PROGRAM = "for step in range(1, 4): print(f'step={step} steps=3 loss={1 / step}', flush=True)"


@pytest.mark.cluster
def test_logs_of_a_real_job() -> None:
    namespace = os.environ.get("AIMASS_TEST_NAMESPACE", "default")
    cluster = Cluster(kubeconfig=os.environ["AIMASS_TEST_KUBECONFIG"], namespace=namespace)
    manifest = _manifest("sdk-lines", command=["python3", "-c", PROGRAM])
    del manifest["spec"]["image"]
    want = [f"step={step} steps=3 loss={1 / step}" for step in range(1, 4)]
    try:
        cluster.training.apply(manifest)
        for job in cluster.training.watch("sdk-lines"):
            if "run" in (job.get("status") or {}):
                break
        followed = list(cluster.training.logs("sdk-lines", follow=True))
        assert [line.text for line in followed] == want
        assert {(line.stage, line.container) for line in followed} == {("train", "train")}
        assert [line.text for line in cluster.training.logs("sdk-lines", Which("train"))] == want
        with pytest.raises(aimass.NotFound, match="no pod for worker 3"):
            cluster.training.logs("sdk-lines", Which(worker=3))
        assert cluster.training.get("sdk-lines")["status"]["phase"] == "Succeeded"
    finally:
        cluster.objects.remove("TrainingJob", "sdk-lines")
