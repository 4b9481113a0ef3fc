from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Cli
from real_servers import Api
from servers import ROOT

KIND = "trainingjob"
SEEN = {"observedGeneration": 1, "phase": "Training"}


def _get(api: Api, kind: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(api.kubectl("get", kind, name, "-n", "shop", "-o", "json"))
    return found


def _code_maps(api: Api, job: str) -> list[dict[str, Any]]:
    selector = f"aimass.dev/training-job={job},app.kubernetes.io/component=code"
    found = json.loads(api.kubectl("get", "configmaps", "-n", "shop", "-l", selector, "-o", "json"))
    return list(found["items"])


@pytest.mark.api
def test_a_folder_becomes_a_job_with_its_code(training_shop: Cli, api: Api, net: Path) -> None:
    done = training_shop(
        *("train", net, "-n", "shop", "--no-follow", "--framework", "sklearn", "--task", "tabular-classification"),
        *("--param", "lr=1e-3", "--data", "train=https://example.com/iris.csv", "--target", "species"),
        *("--threshold", "accuracy>=0.9", "--publish-model", "net", "--cpu", "500m", "--memory", "1Gi"),
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "TrainingJob net in shop: made.\n"
    job = _get(api, KIND, "net")
    spec = job["spec"]
    assert (spec["command"], spec["parameters"]) == (["python3", "train.py"], {"lr": 0.001})
    assert (spec["prepare"]["target"], spec["publish"]["model"]) == ("species", {"name": "net"})
    (code,) = _code_maps(api, "net")
    assert code["metadata"]["name"] == spec["code"]["configMap"]["name"]
    assert code["data"] == {"train.py": (net / "train.py").read_text()}
    assert code["metadata"]["ownerReferences"][0]["uid"] == job["metadata"]["uid"]
    managers = {entry["manager"] for entry in job["metadata"].get("managedFields", [])}
    assert managers <= {"aimass-cli"}


@pytest.mark.api
def test_the_same_again_changes_nothing_and_other_code_makes_a_new_run(training_shop: Cli, api: Api, net: Path) -> None:
    command = ("train", net, "-n", "shop", "--no-follow")
    training_shop(*command)
    assert training_shop(*command).stderr == "TrainingJob net in shop: as it was.\n"
    before = _get(api, KIND, "net")
    training_shop(*command)
    assert _get(api, KIND, "net")["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    (net / "train.py").write_text("print(2)\n")
    assert training_shop(*command).stderr == "TrainingJob net in shop: changed.\n"
    after = _get(api, KIND, "net")
    assert after["metadata"]["generation"] == 2
    old = before["spec"]["code"]["configMap"]["name"]
    assert after["spec"]["code"]["configMap"]["name"] != old
    # The operator has not seen the change: it may still start pods with the old code.
    assert len(_code_maps(api, "net")) == 2
    api.set_status(KIND, "net", {**SEEN, "observedGeneration": 2})
    api.apply(_job_of("net", old))
    training_shop(*command)
    assert len(_code_maps(api, "net")) == 2
    api.kubectl("delete", "job", "net-r1-train-1", "-n", "shop", "--wait=false")
    training_shop(*command)
    (left,) = _code_maps(api, "net")
    assert left["metadata"]["name"] == after["spec"]["code"]["configMap"]["name"]


def _job_of(name: str, config_map: str) -> dict[str, Any]:
    volumes = [{"name": "code", "configMap": {"name": config_map}}]
    pod = {"restartPolicy": "Never", "containers": [{"name": "train", "image": "none"}], "volumes": volumes}
    labels = {"aimass.dev/training-job": name}
    meta = {"name": f"{name}-r1-train-1", "namespace": "shop", "labels": labels}
    template = {"metadata": {"labels": labels}, "spec": pod}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": {"template": template}}


@pytest.mark.api
@pytest.mark.parametrize(
    ("folder", "flags", "kinds"),
    [
        ("own-code", [], ["ConfigMap", "TrainingJob"]),
        ("recipe", [], ["TrainingJob"]),
        ("distributed", [], ["ConfigMap", "TrainingJob"]),
        ("fine-tune", ["--name", "digits-tuned"], ["TrainingJob"]),
        ("search", ["--param", "epochs=3"], ["TrainingJob"]),
    ],
)
def test_the_tutorials_can_be_given_as_they_are(
    training_shop: Cli, api: Api, folder: str, flags: list[str], kinds: list[str]
) -> None:
    place = ROOT / "docs" / "tutorials" / "training" / folder
    done = training_shop("train", place, *flags, "--dry-run", "-n", "shop", KUBECONFIG="/nowhere")
    assert done.returncode == 0, done.stderr
    objects = list(yaml.safe_load_all(done.stdout))
    assert [item["kind"] for item in objects] == kinds
    for item in objects:
        api.kubectl("apply", "--server-side", "--dry-run=server", "-f", "-", stdin=json.dumps(item))
    as_json = json.loads(training_shop("train", place, *flags, "--dry-run", "-o", "json", "-n", "shop").stdout)
    assert as_json["items"] == objects


@pytest.mark.api
def test_a_manifest_alone_is_applied_in_its_namespace(training_shop: Cli, api: Api, tmp_path: Path) -> None:
    manifest = tmp_path / "two.yaml"
    head = "apiVersion: aimass.dev/v1alpha1\nkind: {}\nmetadata: {{name: {}, namespace: shop}}\n"
    manifest.write_text(
        head.format("TrainingJob", "two") + "spec: {image: example.com/a}\n---\n" + head.format("Model", "other")
    )
    done = training_shop("train", "-f", manifest, "--no-follow")
    assert done.returncode == 0
    assert "left out of two.yaml: Model other" in done.stderr
    assert _get(api, KIND, "two")["spec"]["image"] == "example.com/a"
    assert _code_maps(api, "two") == []


@pytest.mark.api
def test_a_job_that_is_refused_leaves_nothing_behind(training_shop: Cli, api: Api, net: Path) -> None:
    done = training_shop("train", net, "-n", "shop", "--framework", "fortran")
    assert (done.returncode, done.stdout) == (1, "")
    assert 'Unsupported value: "fortran"' in done.stderr
    (net / "job.yaml").write_text("apiVersion: aimass.dev/v1alpha1\nkind: TrainingJob\nspec: {comand: [a]}\n")
    done = training_shop("train", net, "-n", "shop")
    assert done.returncode == 1
    assert ".spec.comand: field not declared in schema" in done.stderr
    assert _code_maps(api, "net") == []


@pytest.mark.api
def test_fields_of_others_are_only_taken_over_when_asked(training_shop: Cli, api: Api, net: Path) -> None:
    api.apply(
        {
            "apiVersion": "aimass.dev/v1alpha1",
            "kind": "TrainingJob",
            "metadata": {"name": "net", "namespace": "shop"},
            "spec": {"framework": "sklearn", "command": ["python3", "train.py"], "image": "example.com/a"},
        }
    )
    command = ("train", net, "-n", "shop", "--framework", "pytorch", "--no-follow")
    done = training_shop(*command)
    assert done.returncode == 1
    assert "somebody else holds fields" in done.stderr
    assert "--force-conflicts takes them over" in done.stderr
    assert training_shop(*command, "--force-conflicts").returncode == 0
    assert _get(api, KIND, "net")["spec"]["framework"] == "pytorch"


@pytest.mark.api
@pytest.mark.parametrize(
    ("args", "says"),
    [
        ([], "give a folder with code, or a manifest with -f"),
        (["no/such/folder"], "is no folder"),
        (["NET", "--image", "a/b", "--build", "a/b"], "one or the other"),
        (["NET", "--base", "a/b"], "--base is for --build"),
        (["NET", "-o", "yaml"], "--output is for --dry-run"),
        (["NET", "--build", "Upper Case"], "--build is 'Upper Case'"),
        (["NET", "--threshold", "accuracy"], "in quotes"),
        (["NET", "--workers", "0"], "--workers"),
        (["EMPTY"], "has no train.py or main.py"),
        (["-f", "no.yaml"], "cannot read 'no.yaml'"),
    ],
)
def test_wrong_use(training_shop: Cli, net: Path, args: list[str], says: str) -> None:
    empty = net.parent / "empty"
    empty.mkdir()
    done = training_shop("train", *(str({"NET": net, "EMPTY": empty}.get(arg, arg)) for arg in args), "-n", "shop")
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr
