from __future__ import annotations

import csv
import io
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import Cli
from servers import ROOT, FaultServer, Served, free_port

ROWS = (
    "sepal length (cm),sepal width (cm),petal length (cm),petal width (cm)\n"
    "5.1,3.4,1.5,0.2\n6.3,2.9,5.6,1.8\n5.7,3.0,4.2,1.2\n"
)
SAMPLE = ROOT / "library" / "digits" / "sample.png"
REQUEST = ROOT / "library" / "iris" / "sample-request.json"


def test_a_table_gets_its_labels(cli: Cli, iris: Served, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(ROWS)
    done = cli("predict", "iris", "--csv", tmp_path / "rows.csv", "--url", iris.url, "-o", "csv")
    assert (done.returncode, done.stderr) == (0, "")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["label"] for row in rows] == ["setosa", "virginica", "versicolor"]
    assert rows[0]["sepal length (cm)"] == "5.1"
    shown = cli("predict", "iris", tmp_path / "rows.csv", "--url", iris.url)
    assert "\x1b" not in shown.stdout
    assert [line.split()[4] for line in shown.stdout.splitlines()[1:]] == ["setosa", "virginica", "versicolor"]


def test_many_rows_go_in_batches_and_come_in_order(cli: Cli, iris: Served) -> None:
    text = ROWS + "".join(line + "\n" for _ in range(100) for line in ROWS.splitlines()[1:])
    done = cli(
        *("predict", "iris", "--csv", "-", "--url", iris.url, "-o", "jsonl", "--batch-size", "7", "--progress"),
        stdin=text.encode(),
    )
    assert done.returncode == 0
    labels = [json.loads(line)["label"] for line in done.stdout.splitlines()]
    assert labels == ["setosa", "virginica", "versicolor"] * 101
    assert "44/44" in done.stderr


def test_a_v2_request_is_answered_as_it_is(cli: Cli, iris: Served) -> None:
    done = cli("predict", "iris", "--json", REQUEST, "-o", "json", AIMASS_URL=iris.url)
    assert (done.returncode, done.stderr) == (0, "")
    label, probabilities = json.loads(done.stdout)
    assert (label["output"], label["datatype"], label["data"]) == ("label", "INT64", [2])
    assert probabilities["shape"] == [1, 3]
    shown = cli("predict", "iris", "--json", "-", "--url", iris.url, stdin=REQUEST.read_bytes())
    assert shown.stdout.splitlines()[0].split() == ["output", "datatype", "shape", "data"]


@pytest.mark.parametrize("body", ["[[6.3, 2.9, 5.6, 1.8]]", '{"features": [6.3, 2.9, 5.6, 1.8]}'])
def test_an_array_or_a_dict_of_arrays_is_enough(cli: Cli, iris: Served, body: str) -> None:
    done = cli("predict", "iris", "--json", "-", "--url", iris.url, "-o", "jsonl", stdin=body.encode())
    assert json.loads(done.stdout.splitlines()[0]) == {"output": "label", "shape": [1], "data": [2]}


def test_arrays_from_files(cli: Cli, iris: Served, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[6.3, 2.9, 5.6, 1.8]]))
    np.save(tmp_path / "b.npy", np.array([[5.1, 3.4, 1.5, 0.2]]))
    done = cli("predict", "iris", tmp_path / "a.npy", tmp_path / "b.npy", "--url", iris.url, "-o", "jsonl")
    assert [json.loads(line)["label"] for line in done.stdout.splitlines()] == [2, 0], done.stderr


def test_images_get_their_labels(cli: Cli, digits: Served) -> None:
    one = cli("predict", "digits", SAMPLE, "--url", digits.url, "-o", "csv", "--top", 2)
    assert one.returncode == 0, one.stderr
    rows = list(csv.DictReader(io.StringIO(one.stdout)))
    assert len(rows) == 2
    assert float(rows[0]["score"]) >= float(rows[1]["score"])
    several = cli("predict", "digits", SAMPLE, SAMPLE, "-", "--url", digits.url, "-o", "csv", stdin=SAMPLE.read_bytes())
    listed = list(csv.DictReader(io.StringIO(several.stdout)))
    assert [row["label"] for row in listed] == [rows[0]["label"]] * 3
    assert listed[2]["file"] == "stdin"
    whole = json.loads(cli("predict", "digits", SAMPLE, "--url", digits.url, "-o", "json").stdout)
    assert whole[0]["file"] == str(SAMPLE)
    assert whole[0]["result"][0]["label"] == rows[0]["label"]


def test_what_is_no_image_fails(cli: Cli, digits: Served, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("this is no image")
    done = cli("predict", "digits", tmp_path / "a.png", "--url", digits.url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "image" in done.stderr


def test_not_a_number_is_written_as_text(cli: Cli, divide: Served) -> None:
    body = b'{"a": [0, 1, -1], "b": [0, 0, 0]}'
    done = cli("predict", "divide", "--json", "-", "--url", divide.url, "-o", "jsonl", stdin=body)
    assert json.loads(done.stdout)["data"] == ["NaN", "Infinity", "-Infinity"]


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        ([], 2, "give an input"),
        (["no/such/image.png"], 2, "cannot read 'no/such/image.png'"),
        (["--csv", "no/such.csv"], 2, "cannot read 'no/such.csv'"),
        (["--csv", "a", "--text", "b"], 2, "do not go together"),
        (["--text", "x", "--protocol", "soap"], 2, "auto, json, binary or grpc"),
        (["--text", "x", "-n", "here"], 2, "one or the other"),
        (["--text", "x", "--no-such-option"], 2, "--no-such-option"),
        (["--text", "x", "--timeout", "0"], 2, "above 0"),
        (["--json", "-"], 2, "not JSON"),
    ],
)
def test_wrong_use(cli: Cli, iris: Served, args: list[str], code: int, says: str) -> None:
    done = cli("predict", "iris", "--url", iris.url, *args)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"[[1, 2]]", "shape [1, 2]"),
        (b'[["a", "b", "c", "d"]]', "got text"),
        (b'{"inputs": [{"name": "features", "datatype": "FP64", "shape": [1, 4], "data": [1, 2, 3, 4]}]}', "FP64"),
    ],
)
def test_a_request_that_the_model_does_not_take(cli: Cli, iris: Served, body: bytes, says: str) -> None:
    done = cli("predict", "iris", "--url", iris.url, "--json", "-", stdin=body)
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr


def test_wrong_columns_fail_by_name(cli: Cli, iris: Served) -> None:
    done = cli("predict", "iris", "--url", iris.url, "--csv", "-", stdin=ROWS.replace("petal width", "p").encode())
    assert (done.returncode, done.stdout) == (1, "")
    assert "petal width" in done.stderr
    extra = "".join(f"{line},{'id' if 'cm' in line else 7}\n" for line in ROWS.splitlines())
    kept = ",".join(ROWS.splitlines()[0].split(","))
    done = cli("predict", "iris", "--url", iris.url, "--csv", "-", "--columns", kept, "-o", "csv", stdin=extra.encode())
    assert done.stdout.splitlines()[1].split(",")[4] == "setosa", done.stderr


def test_what_is_not_there_is_code_3(cli: Cli, iris: Served) -> None:
    done = cli("predict", "wine", "--json", "-", "--url", iris.url, stdin=b"[1]")
    assert (done.returncode, done.stdout) == (3, "")
    assert "wine" in done.stderr


def test_what_cannot_be_reached_is_code_4(cli: Cli, faults: FaultServer) -> None:
    down = cli("predict", "iris", "--json", "-", "--url", f"http://127.0.0.1:{free_port()}", stdin=b"[1]")
    assert down.returncode == 4
    assert "check the URL" in down.stderr
    faults.plans = [(503, {"retry-after": "0"}, '{"error": "The queue is full."}')]
    full = cli("predict", "iris", "--json", "-", "--url", faults.url, stdin=b"[1]")
    assert full.returncode == 4
    assert "The queue is full." in full.stderr
    faults.plans = ["hang"]
    slow = cli("predict", "iris", "--json", "-", "--url", faults.url, "--timeout", "0.3", stdin=b"[1]")
    assert slow.returncode == 4
    assert "0.3 s" in slow.stderr
    faults.plans = [(200, {}, "<html>")]
    other = cli("predict", "iris", "--json", "-", "--url", faults.url, stdin=b"[1]")
    assert other.returncode == 1
    assert "check that the URL" in other.stderr


def test_without_a_kubeconfig_it_says_what_to_do(cli: Cli) -> None:
    for args in (["predict", "iris", "--text", "x"], ["models"], ["status"]):
        done = cli(*args)
        assert (done.returncode, done.stdout) == (4, "")
        assert "KUBECONFIG" in done.stderr
        assert "Traceback" not in done.stderr


def test_version_help_and_completion(cli: Cli) -> None:
    assert cli("--version").stdout.startswith("aimass 0.1.0")
    for command in ("predict", "models", "status"):
        done = cli(command, "--help", TERM="dumb")
        assert done.returncode == 0
        assert "Examples" in done.stdout
        assert f"aimass {command}" in done.stdout
    assert "complete" in cli("--show-completion", "bash", SHELL="/bin/bash").stdout


def test_models_and_status_of_a_server(cli: Cli, iris: Served, library: Served) -> None:
    status = cli("status", "iris", "--url", iris.url, "-o", "json")
    assert json.loads(status.stdout)[0]["READY"] == "True"
    models = cli("models", "--url", library.url, "-o", "json")
    rows = {row["NAME"]: row for row in json.loads(models.stdout)}
    assert (rows["iris"]["TASK"], rows["iris"]["STATE"]) == ("tabular-classification", "READY")
    assert len(rows) == 5
    assert {row["READY"] for row in json.loads(cli("status", "--url", library.url, "-o", "json").stdout)} == {"True"}
    # Without the repository API there is still the list in OpenAI's form.
    (one,) = json.loads(cli("models", "--url", iris.url, "-o", "json").stdout)
    assert (one["NAME"], one["INPUTS"]) == ("iris", "features FP32[-1, 4]")
    assert cli("status", "wine", "--url", iris.url).returncode == 3


def test_a_reader_that_leaves_is_no_error(cli: Cli, iris: Served) -> None:
    line = f"{Path(cli.env['HOME'])}/rows.csv"
    Path(line).write_text(ROWS.splitlines()[0] + "\n" + "5.1,3.4,1.5,0.2\n" * 5000)
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; aimass predict iris '{line}' --url {iris.url} -o jsonl | head -n 1"],
        capture_output=True,
        text=True,
        env={**cli.env, "LC_ALL": "C.UTF-8"},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
