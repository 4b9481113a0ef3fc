from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from servers import ROOT

from aimass_cli.exits import UsageError
from aimass_cli.training.job_spec import Flags, build_job, default_command
from aimass_cli.training.manifest import read_job, write_yaml
from aimass_cli.training.values import name_from, read_command, read_data, read_parameter, read_threshold


def _spec(base: dict[str, Any], **flags: Any) -> dict[str, Any]:
    spec: dict[str, Any] = build_job("net", {"spec": base}, Flags(**flags))["spec"]
    return spec


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("epochs=10", ("epochs", 10)),
        ("lr=1e-3", ("lr", 0.001)),
        ("fast=true", ("fast", True)),
        ("model=resnet", ("model", "resnet")),
        ('id="7"', ("id", "7")),
        ("id=007", ("id", "007")),
        ("a=b=c", ("a", "b=c")),
        ("empty=", ("empty", "")),
        ("nothing=null", ("nothing", "null")),
        ("list=[1]", ("list", "[1]")),
        ("odd=NaN", ("odd", "NaN")),
    ],
)
def test_parameters(text: str, want: tuple[str, Any]) -> None:
    name, value = read_parameter(text)
    assert (name, value, type(value)) == (*want, type(want[1]))


@pytest.mark.parametrize(
    ("read", "text", "says"),
    [
        (read_parameter, "epochs", "write NAME=VALUE"),
        (read_parameter, "=1", "write NAME=VALUE"),
        (read_data, "train=rows.csv", "cannot be a file of this machine"),
        (read_threshold, "accuracy", "in quotes"),
        (read_threshold, "accuracy>=high", "METRIC>=NUMBER"),
        (read_threshold, "accuracy>=inf", "METRIC>=NUMBER"),
        (read_threshold, "accuracy>0.9", "METRIC>=NUMBER"),
        (read_command, "python3 'train.py", "quotes do not close"),
        (read_command, " ", "is empty"),
        (name_from, "...", "--name NAME"),
    ],
)
def test_flags_that_hold_something_else_are_refused(read: Any, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read(text)


def test_data_and_thresholds() -> None:
    assert read_data("train=https://h/a?b=c") == ("train", "https://h/a?b=c")
    assert read_data("https://h/a?b=c") == ("train", "https://h/a?b=c")
    assert read_threshold("val_loss<=0.2") == {"metric": "val_loss", "max": 0.2}
    assert read_threshold(" f1 >= 1e-1 ") == {"metric": "f1", "min": 0.1}
    assert name_from("My Net_2.0!") == "my-net-2-0"


def test_flags_stand_over_the_manifest() -> None:
    base = {
        "framework": "sklearn",
        "command": ["python3", "old.py"],
        "args": ["--old"],
        "parameters": {"lr": 1, "epochs": 2},
        "data": [
            {"name": "train", "uri": "s3://b/a", "sha256": "x", "unpack": True},
            {"name": "test", "uri": "s3://b/t"},
        ],
        "prepare": {"target": "a", "clean": {}},
        "evaluation": {"metric": "f1", "thresholds": [{"metric": "f1", "min": 0.5}, {"metric": "auc", "min": 0.5}]},
        "publish": {"to": "oci://r/a", "model": {"name": "old"}},
    }
    spec = _spec(
        base,
        command="python3 new.py",
        parameters=["lr=0.5"],
        data=["train=s3://b/new"],
        target="b",
        thresholds=["f1>=0.9", "f1<=1"],
        model="new",
    )
    assert spec == {
        "framework": "sklearn",
        "command": ["python3", "new.py"],
        "parameters": {"lr": 0.5, "epochs": 2},
        "data": [{"name": "train", "uri": "s3://b/new", "unpack": True}, {"name": "test", "uri": "s3://b/t"}],
        "prepare": {"target": "b", "clean": {}},
        "evaluation": {
            "metric": "f1",
            "thresholds": [{"metric": "f1", "min": 0.9, "max": 1}, {"metric": "auc", "min": 0.5}],
        },
        "publish": {"to": "oci://r/a", "model": {"name": "new"}},
    }
    assert _spec(base) == base


def test_workers() -> None:
    assert _spec({}, workers=2, gpu=1, cpu="2", memory="8Gi")["workers"] == {
        "count": 2,
        "accelerator": {"resourceName": "nvidia.com/gpu", "count": 1},
        "resources": {"requests": {"cpu": "2", "memory": "8Gi"}, "limits": {"memory": "8Gi"}},
    }
    base = {"workers": {"accelerator": {"mig": "1g.10gb"}, "resources": {"limits": {"cpu": "1", "a/b": 1}}}}
    assert _spec(base, gpu=2, cpu="2")["workers"] == {
        "accelerator": {"mig": "1g.10gb", "count": 2},
        "resources": {"requests": {"cpu": "2"}, "limits": {"a/b": 1}},
    }


@pytest.mark.parametrize(
    ("spec", "want"),
    [
        ({"framework": "pytorch"}, ["python3", "train.py"]),
        ({"framework": "pytorch", "workers": {"count": 2}}, ["torchrun", "train.py"]),
        ({"framework": "pytorch", "workers": {"minCount": 1}}, ["torchrun", "train.py"]),
        (
            {"framework": "paddlepaddle", "workers": {"processesPerWorker": 2}},
            ["python3", "-m", "paddle.distributed.launch", "train.py"],
        ),
        ({"framework": "tensorflow", "workers": {"count": 2}}, ["python3", "train.py"]),
    ],
)
def test_a_program_is_started_by_the_launcher_of_its_framework(spec: dict[str, Any], want: list[str]) -> None:
    assert default_command(spec, "train.py") == want


HEAD = "apiVersion: aimass.dev/v1alpha1\nkind: TrainingJob\n"


def test_yaml_is_read_as_kubectl_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(HEAD + "metadata: {name: a}\nspec: {parameters: {lr: 1e-3, day: 2024-01-01, n: 3, t: '1e3'}}\n")
    job, others = read_job(path, None)
    assert job["spec"]["parameters"] == {"lr": 0.001, "day": "2024-01-01", "n": 3, "t": "1e3"}
    assert others == []
    path.write_text(write_yaml([job]))
    assert read_job(path, None)[0] == job


def test_texts_of_several_lines_are_blocks() -> None:
    text = write_yaml([{"data": {"train.py": "a = 1\nb = 2\n"}, "none": "null", "number": "1e-3"}])
    assert "train.py: |\n" in text
    assert yaml.safe_load(text) == {"data": {"train.py": "a = 1\nb = 2\n"}, "none": "null", "number": "1e-3"}


def test_a_job_is_chosen_by_its_name() -> None:
    tutorials = ROOT / "docs" / "tutorials" / "training"
    job, others = read_job(tutorials / "recipe" / "job.yaml", None)
    assert (job["metadata"]["name"], others) == ("churn", ["InferenceService churn"])
    job, others = read_job(tutorials / "fine-tune" / "job.yaml", "digits-tuned")
    assert (job["spec"]["baseModel"], others) == ({"name": "digits-base"}, ["TrainingJob digits-base"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no TrainingJob; it begins with apiVersion: aimass.dev/v1alpha1"),
        ("kind: Model\n", "holds no TrainingJob"),
        ("- a\n", "no Kubernetes object"),
        ("a: [\n", "is not YAML: .*line"),
        ("kind: TrainingJob\n", "apiVersion of the TrainingJob in 'job.yaml' is None"),
        (HEAD + "spec: 7\n", "spec of the TrainingJob in 'job.yaml' is no object"),
        (f"{HEAD}metadata: {{name: a}}\n---\n{HEAD}metadata: {{name: b}}\n", r"several TrainingJobs \(a, b\).*--name"),
    ],
)
def test_files_that_hold_no_job_are_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=says):
        read_job(path, None)


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_job(tmp_path / "none.yaml", None)
    (tmp_path / "odd.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(UsageError, match="UTF-8"):
        read_job(tmp_path / "odd.yaml", None)
