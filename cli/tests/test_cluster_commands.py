from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
from collections.abc import Iterator

import pytest
from conftest import Cli, read_until
from real_servers import Api


@pytest.fixture
def shop(cli: Cli, api: Api) -> Cli:
    cli.env["KUBECONFIG"] = api.kubeconfig
    return cli


@pytest.mark.api
def test_models_of_a_cluster(shop: Cli) -> None:
    done = shop("models", "-n", "shop")
    assert (done.returncode, done.stderr) == (0, "")
    head, digits, iris = done.stdout.splitlines()
    assert head.split() == ["NAME", "TASK", "READY", "REVISION", "SIZE", "GOLDEN", "P50-MS", "USED-BY", "REASON"]
    assert iris.split() == ["iris", "tabular-classification", "True", "r1", "5", "KiB", "6/6", "0.02", "iris"]
    assert digits.split()[:3] == ["digits", "image-classification", "Unknown"]
    assert "\x1b" not in done.stdout
    everywhere = shop("models", "-A", "-o", "csv")
    assert {row["NAMESPACE"] for row in csv.DictReader(io.StringIO(everywhere.stdout))} == {"shop"}
    objects = json.loads(shop("models", "-n", "shop", "-o", "json").stdout)
    assert [item["kind"] for item in objects] == ["Model", "Model"]


@pytest.mark.api
def test_status_of_services(shop: Cli) -> None:
    done = shop("status", "-n", "shop")
    rows = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert rows["iris"].split() == ["iris", "iris", "True", "1/2", "r1", "12.5", "7.25", "1", "%"]
    assert "Correct spec.source.uri" in rows["digits"]
    detail = shop("status", "iris", "-n", "shop").stdout
    for text in ("http://iris.shop.svc", "100 MiB", "iris-r1", "100 %", "CONDITIONS", "It is Serving."):
        assert text in detail
    (only,) = json.loads(shop("status", "iris", "-n", "shop", "-o", "json").stdout)
    assert only["status"]["readyReplicas"] == 1


@pytest.mark.api
def test_a_service_is_asked_by_its_name(shop: Cli) -> None:
    done = shop("predict", "iris", "--json", "-", "-n", "shop", "-o", "jsonl", stdin=b"[[6.3, 2.9, 5.6, 1.8]]")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout.splitlines()[0])["data"] == [2]


@pytest.mark.api
@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["status", "wine", "-n", "shop"], 3, "there are: digits, digits-two, iris"),
        (["predict", "wine", "--text", "x", "-n", "shop"], 3, "no InferenceService 'wine'"),
        (["predict", "iris", "--text", "x", "-n", "nowhere"], 3, "name another namespace"),
        (["predict", "digits", "--text", "x", "-n", "shop"], 4, "Correct spec.source.uri"),
        (["models", "--context", "other"], 4, "no kube context 'other'"),
        (["status", "iris", "-A"], 2, "-n instead of -A"),
        (["status", "-w", "-o", "json"], 2, "--watch shows a table"),
        (["status", "-w", "--interval", "0"], 2, "above 0"),
    ],
)
def test_what_goes_wrong_is_told(shop: Cli, args: list[str], code: int, says: str) -> None:
    done = shop(*args)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.api
def test_nothing_there_is_said_and_is_no_error(shop: Cli) -> None:
    done = shop("status")
    assert (done.returncode, done.stdout) == (0, "")
    assert "There is no InferenceService here" in done.stderr
    assert json.loads(shop("models", "-o", "json").stdout) == []


@pytest.fixture
def watching(shop: Cli) -> Iterator[subprocess.Popen[str]]:
    process = shop.start("status", "-n", "shop", "--watch", "--interval", "0.2")
    yield process
    process.kill()


@pytest.mark.api
def test_watch_prints_each_change_until_it_is_stopped(api: Api, watching: subprocess.Popen[str]) -> None:
    read_until(watching, "12.5")
    api.set_status("inferenceservice", "iris", {"figures": {"requestsPerSecond": 99.5}})
    try:
        read_until(watching, "99.5")
    finally:
        api.set_status("inferenceservice", "iris", {"figures": {"requestsPerSecond": 12.5}})
    watching.send_signal(signal.SIGINT)
    assert watching.wait(20) == 0


@pytest.mark.cluster
def test_the_commands_in_a_real_cluster(cli: Cli) -> None:
    cli.env["KUBECONFIG"] = os.environ["AIMASS_TEST_KUBECONFIG"]
    namespace = os.environ.get("AIMASS_TEST_NAMESPACE", "default")
    service = os.environ.get("AIMASS_TEST_SERVICE", "iris")
    models = cli("models", "-n", namespace)
    assert (models.returncode, models.stderr) == (0, "")
    assert "True" in models.stdout
    status = cli("status", service, "-n", namespace)
    assert "CONDITIONS" in status.stdout, status.stderr
    for via in ("proxy", "port-forward"):
        done = cli(
            *("predict", service, "--json", "-", "-n", namespace, "--via", via, "-o", "jsonl"),
            stdin=b"[[6.3, 2.9, 5.6, 1.8]]",
        )
        assert (done.returncode, done.stderr) == (0, ""), via
        assert json.loads(done.stdout.splitlines()[0])["data"] == [2]
