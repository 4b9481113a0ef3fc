from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Cli, read_until
from real_servers import Api

KIND = "trainingjob"
SEEN = {"observedGeneration": 1, "phase": "Training"}
RUN = {"number": 1, "trigger": "Created", "specHash": "x", "startedAt": "2026-11-25T01:00:00Z"}
DIGEST = f"sha256:{'a' * 64}"


class Training:
    """``aimass train`` while it follows; statuses are set by hand."""

    def __init__(self, cli: Cli, api: Api, *args: object) -> None:
        command = [cli.bin / "aimass", "train", *map(str, args), "-n", "shop"]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**cli.env, "PYTHONUNBUFFERED": "1"},
        )
        self._api = api

    def begin(self) -> None:
        """Waits until the job is there."""
        assert self.process.stderr
        assert "made" in self.process.stderr.readline()

    def set(self, **status: Any) -> None:
        self._api.set_status(KIND, "net", {**SEEN, "run": RUN, **status})

    def expect(self, text: str) -> str:
        return read_until(self.process, text)

    def end(self) -> tuple[int, str, str]:
        out, problems = self.process.communicate(timeout=60)
        return self.process.returncode, out, problems


@pytest.fixture
def training(training_shop: Cli, api: Api, net: Path) -> Iterator[Training]:
    made = Training(training_shop, api, net, "--publish-model", "net", "--task", "tabular-classification")
    made.begin()
    yield made
    made.process.kill()
    made.process.wait()


def _stages(*states: str) -> list[dict[str, Any]]:
    return [{"name": name, "state": state} for name, state in zip(("train", "publish"), states, strict=True)]


@pytest.mark.api
def test_a_run_is_followed_to_its_good_end(training: Training, api: Api) -> None:
    training.set(stages=_stages("Running", "Waiting"))
    training.expect("run 1 has begun (Created)")
    training.set(
        stages=_stages("Running", "Waiting"),
        progress={"percent": 40},
        metrics={"latest": {"loss": 0.5}},
        waitingFor="No room.",
    )
    training.expect("train: 40 %, loss=0.5")
    training.expect("waiting: No room.")
    uri = f"oci://registry/shop/net@{DIGEST}"
    artifact = {"uri": uri, "digest": DIGEST, "sizeBytes": 2048, "run": 1}
    training.set(
        phase="Succeeded",
        run={**RUN, "finishedAt": "2026-11-25T01:02:03Z"},
        stages=_stages("Succeeded", "Succeeded"),
        evaluation={"metrics": {"accuracy": 0.97}},
        artifact=artifact,
        waitingFor=None,
    )
    code, out, problems = training.end()
    lines = dict(line.split(None, 1) for line in out.splitlines() if ": " not in line[:12])
    assert (code, problems) == (0, "")
    assert lines["run"] == "1, 2 min 3 s"
    assert lines["metrics"] == "accuracy=0.97"
    assert lines["artifact"] == uri
    assert lines["digest"] == f"{DIGEST}  2 KiB"
    assert lines["model"] == "net"
    assert "kubectl apply -n shop" in out
    assert "aimass predict net --csv rows.csv -n shop" in out


@pytest.mark.api
def test_a_run_that_fails_ends_with_the_message(training: Training) -> None:
    message = "Stage train of run 1 failed: exit code 1. Correct the program."
    ready = {"type": "Ready", "status": "False", "reason": "ProgramFailed", "message": message}
    training.set(
        phase="Failed",
        stages=_stages("Failed", "Waiting"),
        conditions=[{**ready, "lastTransitionTime": "2026-11-25T01:00:00Z"}],
    )
    code, out, problems = training.end()
    assert code == 1
    assert "train: failed" in out
    assert message in problems
    assert "aimass logs net -n shop" in problems
    assert "aimass retry net -n shop" in problems


@pytest.mark.api
def test_ctrl_c_leaves_the_job_alone_and_says_how_to_go_on(training: Training, api: Api) -> None:
    training.set(stages=_stages("Running", "Waiting"))
    training.expect("train: runs")
    training.process.send_signal(signal.SIGINT)
    code, _, problems = training.end()
    assert code == 130
    for words in (
        "net goes on in the cluster",
        "aimass jobs net --watch -n shop",
        "kubectl delete trainingjob net -n shop",
    ):
        assert words in problems
    assert "Traceback" not in problems
    assert json.loads(api.kubectl("get", KIND, "net", "-n", "shop", "-o", "json"))["status"]["phase"] == "Training"


@pytest.mark.api
def test_a_job_that_is_deleted_meanwhile_ends_with_code_3(training: Training, api: Api) -> None:
    training.set(stages=_stages("Running", "Waiting"))
    training.expect("train: runs")
    api.kubectl("delete", KIND, "net", "-n", "shop")
    code, _, problems = training.end()
    assert code == 3
    assert "no TrainingJob 'net' in the namespace 'shop'" in problems


@pytest.mark.api
def test_a_status_of_the_spec_before_is_no_end(training_shop: Cli, api: Api, net: Path) -> None:
    training_shop("train", net, "-n", "shop", "--no-follow")
    api.set_status(KIND, "net", {**SEEN, "phase": "Failed", "run": RUN})
    done = training_shop("train", net, "-n", "shop", "--no-follow")
    assert "Nothing is trained anew; aimass retry net -n shop does" in done.stderr
    assert training_shop("train", net, "-n", "shop").returncode == 1
    (net / "train.py").write_text("print(2)\n")
    again = Training(training_shop, api, net)
    try:
        assert again.process.stderr
        assert "changed" in again.process.stderr.readline()
        again.set(observedGeneration=2, run={**RUN, "number": 2}, stages=_stages("Running", "Waiting"))
        again.expect("run 2 has begun")
    finally:
        again.process.kill()
        again.process.wait()


TRAIN = """
import json, pathlib
import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

features, target = load_iris(return_X_y=True)
model = LogisticRegression(C=json.loads(pathlib.Path("/aimass/parameters.json").read_text())["c"], max_iter=500)
score = model.fit(features, target).score(features, target)
for epoch in range(1, 4):
    print(f"epoch={epoch} epochs=3 accuracy={score:.4f}", flush=True)
joblib.dump(model, "/aimass/output/model.joblib")
pathlib.Path("/aimass/output/metrics.json").write_text(json.dumps({"accuracy": score}))
"""


@pytest.mark.cluster
def test_a_folder_is_trained_in_a_real_cluster(cli: Cli, tmp_path: Path) -> None:
    cli.env["KUBECONFIG"] = os.environ["AIMASS_TEST_KUBECONFIG"]
    where = ("-n", os.environ.get("AIMASS_TEST_NAMESPACE", "default"))
    folder = tmp_path / "cli-iris"
    folder.mkdir()
    (folder / "train.py").write_text(TRAIN)
    command = (
        *("train", folder, *where, "--framework", "sklearn", "--task", "tabular-classification", "--logs"),
        *("--threshold", "accuracy>=0.9", "--publish-model", "cli-iris"),
    )
    try:
        done = cli(*command, "--param", "c=1", timeout=400)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "train | epoch=3 epochs=3 accuracy=0.9" in done.stdout
        assert "cli-iris@sha256:" in done.stdout
        assert "epoch=3 epochs=3" in cli("logs", "cli-iris", *where).stdout
        detail = cli("jobs", "cli-iris", *where).stdout
        assert "Succeeded" in detail
        assert "accuracy  >= 0.9" in detail
        (folder / "train.py").write_text(TRAIN + "raise SystemExit(3)\n")
        failed = cli(*command, "--param", "c=1", timeout=400)
        assert failed.returncode == 1
        assert "run 2 has begun (SpecChanged)" in failed.stdout
        assert "exit code 3" in failed.stderr
        followed = cli("logs", "cli-iris", "-f", "--stage", "train", *where)
        assert "epoch=3 epochs=3" in followed.stdout
    finally:
        cli.kubectl("delete", "trainingjob,model", "cli-iris", *where, "--ignore-not-found", "--wait=false")
