from __future__ import annotations

import csv
import io
import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import Cli, read_until
from real_servers import Api
from training_status import DIGEST, SPEC, STATUS, TRIALS

KIND = "trainingjob"


def _ledger(chunk: int, trials: list[dict[str, Any]]) -> dict[str, Any]:
    text = "".join(f"{json.dumps(trial)}\n" for trial in trials)
    meta = {"name": f"churn-r2-trials-{chunk}", "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"trials.json": text}}


def _job(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    meta = {"name": name, "namespace": "shop"}
    return {"apiVersion": "aimass.dev/v1alpha1", "kind": "TrainingJob", "metadata": meta, "spec": spec}


@pytest.fixture
def shop(cli: Cli, api: Api) -> Iterator[Cli]:
    cli.env["KUBECONFIG"] = api.kubeconfig
    api.apply(_job("churn", SPEC), _job("fresh", {"image": "example.com/a"}))
    api.apply(_ledger(0, TRIALS[:100]), _ledger(1, TRIALS[100:]))
    api.set_status(KIND, "churn", STATUS)
    yield cli
    api.kubectl("delete", f"{KIND}s,configmaps", "--all", "-n", "shop", "--wait=false")


@pytest.mark.api
def test_all_jobs_in_a_table(shop: Cli) -> None:
    done = shop("jobs", "-n", "shop")
    assert (done.returncode, done.stderr) == (0, "")
    head, churn, fresh = done.stdout.splitlines()
    assert head.split()[:5] == ["NAME", "PHASE", "READY", "RUN", "TIME"]
    for text in ("Training", "False", "40 %", "loss=0.125", "102", "churn", "No node has room"):
        assert text in churn
    assert fresh.split()[:3] == ["fresh", "Pending", "Unknown"]
    assert "\x1b" not in done.stdout
    rows = list(csv.DictReader(io.StringIO(shop("jobs", "-A", "-o", "csv").stdout)))
    assert [(row["NAMESPACE"], row["NAME"]) for row in rows] == [("shop", "churn"), ("shop", "fresh")]
    objects = json.loads(shop("jobs", "-n", "shop", "-o", "json").stdout)
    assert [item["kind"] for item in objects] == ["TrainingJob", "TrainingJob"]
    lines = shop("jobs", "-n", "shop", "-o", "jsonl").stdout.splitlines()
    assert json.loads(lines[0])["metadata"]["name"] == "churn"


@pytest.mark.api
def test_one_job_in_all_detail(shop: Cli) -> None:
    done = shop("jobs", "churn", "-n", "shop")
    assert (done.returncode, done.stderr) == (0, "")
    for text in (
        *("4/10", "Schedule", "102 of 150 (1 running, 99 succeeded, 1 pruned, 1 failed)", "101: loss=0.125"),
        *(
            "1 of 2 run",
            "churn-r2-train-2-1",
            "f1=0.5, 20 rows of test",
            "2 min 5 s",
            "100 MiB",
            "2026-11-26T01:00:00Z",
        ),
        *("The loss of step 3 is no number.", f"oci://registry/churn@{DIGEST}"),
        *("STAGES", "rows: 100 train, 20 test", "METRICS", "loss, step 0 to 9", "WORKERS", "loss=0.25"),
        *("THRESHOLDS", ">= 0.9", "COMPRESSION", "int8", "drops by 0.2", "RUNS", "CONDITIONS", "Stage train runs."),
    ):
        assert text in done.stdout, text
    chosen = next(line for line in done.stdout.splitlines() if line.startswith("int8"))
    assert chosen.split() == ["int8", "1", "KiB", "0.2", "f1", "0.9", "0", "yes"]
    plotted = [line for line in done.stdout.splitlines() if "┤" in line]
    assert (len(plotted), plotted[0].split()[0], plotted[-1].split()[0]) == (5, "1", "0.1")
    (only,) = json.loads(shop("jobs", "churn", "-n", "shop", "-o", "json").stdout)
    assert only["status"]["phase"] == "Training"
    assert "fresh" in shop("jobs", "fresh", "-n", "shop").stdout


@pytest.mark.api
def test_all_trials_best_first(shop: Cli) -> None:
    done = shop("trials", "churn", "-n", "shop")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["TRIAL", "STATE", "loss", "lr", "model", "TIME", "ATTEMPT", "REASON"]
    assert lines[1].split() == ["101", "Succeeded", "0.125", "0.01", "gbm", "5", "s", "1"]
    assert lines[-1].split() == ["100", "Failed", "0.1", "5", "s", "1", "Exit", "code", "1."]
    rows = list(csv.DictReader(io.StringIO(shop("trials", "churn", "-n", "shop", "-o", "csv").stdout)))
    assert [int(row["TRIAL"]) for row in rows] == [101, *range(100), 100]
    assert (rows[1]["lr"], rows[1]["SECONDS"]) == ("0.0", "5.0")
    whole = json.loads(shop("trials", "churn", "-n", "shop", "-o", "json").stdout)
    assert sorted(whole, key=lambda trial: trial["number"]) == TRIALS


@pytest.mark.api
def test_a_ledger_that_somebody_has_changed_is_refused(shop: Cli, api: Api) -> None:
    broken = _ledger(1, [])
    api.apply({**broken, "data": {"trials.json": "{"}})
    done = shop("trials", "churn", "-n", "shop")
    assert (done.returncode, done.stdout) == (1, "")
    assert "ConfigMap 'churn-r2-trials-1' holds no trials" in done.stderr
    api.kubectl("delete", "configmap", "churn-r2-trials-1", "-n", "shop")
    assert shop("trials", "churn", "-n", "shop").returncode == 3


def _annotations(api: Api) -> dict[str, str]:
    meta = json.loads(api.kubectl("get", KIND, "churn", "-n", "shop", "-o", "json"))["metadata"]
    return {key: value for key, value in meta["annotations"].items() if key.startswith("aimass.dev/")}


@pytest.mark.api
def test_a_job_is_steered(shop: Cli, api: Api) -> None:
    done = shop("retry", "churn", "-n", "shop")
    assert (done.returncode, done.stderr) == (0, "")
    assert "aimass jobs churn --watch -n shop" in done.stdout
    first = _annotations(api)
    assert list(first) == ["aimass.dev/retry"]
    shop("retry", "churn", "-n", "shop")
    assert _annotations(api)["aimass.dev/retry"] != first["aimass.dev/retry"]
    assert "a new run" in shop("rerun", "churn", "-n", "shop").stdout
    assert set(_annotations(api)) == {"aimass.dev/retry", "aimass.dev/runAgain"}

    def is_suspended() -> bool:
        spec = json.loads(api.kubectl("get", KIND, "churn", "-n", "shop", "-o", "json"))["spec"]
        return bool(spec["suspend"])

    assert "aimass resume churn -n shop" in shop("suspend", "churn", "-n", "shop").stdout
    assert is_suspended()
    assert shop("resume", "churn", "-n", "shop").returncode == 0
    assert not is_suspended()
    api.set_status(KIND, "churn", {"phase": "Succeeded"})
    refused = shop("retry", "churn", "-n", "shop")
    assert refused.returncode == 1
    assert "aimass rerun churn" in refused.stderr


@pytest.mark.api
@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["jobs", "wine", "-n", "shop"], 3, "no TrainingJob 'wine' in the namespace 'shop'"),
        (["jobs", "churn", "-A"], 2, "-n instead of -A"),
        (["jobs", "-w", "-o", "json"], 2, "--watch shows a table"),
        (["trials", "fresh", "-n", "shop"], 1, "its spec has no search"),
        (["trials", "wine", "-n", "shop"], 3, "no TrainingJob 'wine'"),
        (["logs", "churn", "-n", "shop"], 3, "no pod for worker 0 of the stage train"),
        (["logs", "churn", "-n", "shop", "--trial", "7", "--worker", "1"], 3, "worker 1 of the stage train of trial 7"),
        (["logs", "churn", "-n", "shop", "--stage", "bake"], 2, "prepare, train, evaluate"),
        (["retry", "wine", "-n", "shop"], 3, "no TrainingJob 'wine'"),
        (["suspend", "wine", "-n", "shop"], 3, "no TrainingJob 'wine'"),
    ],
)
def test_what_goes_wrong_is_told(shop: Cli, args: list[str], code: int, says: str) -> None:
    done = shop(*args)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.api
def test_nothing_there_is_said_and_is_no_error(shop: Cli) -> None:
    done = shop("jobs")
    assert (done.returncode, done.stdout) == (0, "")
    assert "There is no TrainingJob here" in done.stderr
    assert json.loads(shop("jobs", "-o", "json").stdout) == []


@pytest.mark.api
def test_watch_prints_each_change_until_it_is_stopped(shop: Cli, api: Api) -> None:
    process = shop.start("jobs", "churn", "-n", "shop", "--watch", "--interval", "0.2")
    try:
        read_until(process, "4/10")
        api.set_status(KIND, "churn", {"progress": {"step": 5}})
        read_until(process, "5/10")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()


def test_help_has_examples(cli: Cli) -> None:
    for command in ("train", "jobs", "trials", "logs"):
        done = cli(command, "--help", TERM="dumb")
        assert done.returncode == 0
        assert f"aimass {command}" in done.stdout
    for command in ("retry", "rerun", "suspend", "resume"):
        assert cli(command, "--help", TERM="dumb").returncode == 0
