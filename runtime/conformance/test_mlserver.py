"""MLServer's command line: `mlserver infer` over a file of requests."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from server import Served

MLSERVER = os.environ["AIMASS_MLSERVER"]
FLOWERS = [([5.1, 3.4, 1.5, 0.2], 0), ([5.7, 3.0, 4.2, 1.2], 1), ([6.3, 2.9, 5.6, 1.8], 2)] * 20


def infer(server: str, folder: Path, requests: list[dict[str, Any]], *flags: str) -> tuple[str, list[dict[str, Any]]]:
    """What the program printed, and what it wrote, in the order of the requests."""
    asked, answers = folder / "requests.jsonl", folder / "answers.jsonl"
    asked.write_text("".join(f"{json.dumps(request)}\n" for request in requests))
    command = [MLSERVER, "infer", "--url", server, "--input-data-path", asked, "--output-data-path", answers, *flags]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in answers.read_text().splitlines()]
    return done.stdout + done.stderr, sorted(lines, key=lambda line: int(line["parameters"]["batch_index"]))


def flower(row: list[float]) -> dict[str, Any]:
    return {"inputs": [{"name": "features", "shape": [1, 4], "datatype": "FP32", "data": row}]}


@pytest.mark.parametrize(
    "flags",
    [[], ["--binary-data"], ["--batch-size", "8"], ["--batch-size", "8", "--binary-data", "--workers", "4"]],
    ids=["one by one", "binary", "in batches", "binary in batches by four workers"],
)
def test_a_file_of_requests(server: Served, tmp_path: Path, flags: list[str]) -> None:
    said, answers = infer(server.http, tmp_path, [flower(row) for row, _ in FLOWERS], "--model-name", "iris", *flags)
    assert "processed instances: 60" in said
    assert "error" not in said.lower()
    for (_, label), answer in zip(FLOWERS, answers, strict=True):
        outputs = {output["name"]: output for output in answer["outputs"]}
        assert outputs["label"]["data"] == [label]
        assert len(outputs["probabilities"]["data"]) == 3


def test_ids_and_texts(server: Served, tmp_path: Path) -> None:
    texts = ["zażółć", "", "🚀"]
    tensor = {"name": "x", "shape": [1, 3], "datatype": "BYTES", "data": texts}
    _, (answer,) = infer(
        server.http, tmp_path, [{"id": "r-1", "inputs": [tensor]}], "--model-name", "same-bytes", "--binary-data"
    )
    assert answer["id"] == "r-1"
    assert answer["outputs"][0]["data"] == texts


def test_what_is_refused_is_told_in_the_file(server: Served, tmp_path: Path) -> None:
    wrong = {"inputs": [{"name": "petals", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]}
    _, answers = infer(server.http, tmp_path, [flower(FLOWERS[0][0]), wrong], "--model-name", "iris", "--retries", "1")
    assert "outputs" in answers[0]
    assert "petals" in answers[1]["error"]["msg"]


def test_tls(tls_server: Served, tmp_path: Path) -> None:
    # The program has no option for an authority of one's own.
    _, (answer,) = infer(
        tls_server.http, tmp_path, [flower(FLOWERS[0][0])], "--model-name", "iris", "--use-ssl", "--insecure"
    )
    assert answer["outputs"]
