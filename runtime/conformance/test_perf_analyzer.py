"""perf_analyzer: measures the server as it measures Triton, and finds no failure."""

import csv
import os
import subprocess
from pathlib import Path

import pytest

from server import Served

PERF_ANALYZER = os.environ["AIMASS_PERF_ANALYZER"]
ENVIRONMENT = {**os.environ, "LD_LIBRARY_PATH": os.environ["AIMASS_PERF_LIBRARIES"]}
# A few short windows, and no wish for steady figures: what is checked is that the two understand each other.
SHORT = ["-p", "300", "-r", "3", "-s", "999"]


def measure(address: str, folder: Path, *flags: str) -> tuple[str, list[dict[str, str]]]:
    report = folder / "report.csv"
    done = subprocess.run(
        [PERF_ANALYZER, "-u", address, "-f", report, *SHORT, *flags],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "error" not in said.lower(), said
    with report.open() as lines:
        return said, list(csv.DictReader(lines))


@pytest.mark.parametrize("protocol", ["http", "grpc"])
@pytest.mark.parametrize(
    "flags",
    [
        pytest.param(["-m", "iris", "-b", "4", "--concurrency-range", "1:2"], id="four rows a request"),
        pytest.param(["-m", "sum", "--concurrency-range", "4", "--async"], id="two inputs, asynchronous"),
        pytest.param(["-m", "same-fp32", "--shape", "x:6", "--concurrency-range", "2"], id="an open shape"),
        pytest.param(["-m", "same-bytes", "--shape", "x:3", "--string-data", "text"], id="texts"),
        pytest.param(["-m", "iris", "--request-rate-range", "50"], id="a steady rate"),
    ],
)
def test_measures(server: Served, tmp_path: Path, protocol: str, flags: list[str]) -> None:
    said, rows = measure(getattr(server, protocol), tmp_path, "-i", protocol, *flags)
    assert rows
    for row in rows:
        assert float(row["Inferences/Second"]) > 0
        # Taken from the statistics of the server.
        assert float(row["Server Compute Infer"]) > 0, said


def test_measures_a_stream(server: Served, tmp_path: Path) -> None:
    _, rows = measure(server.grpc, tmp_path, "-i", "grpc", "--streaming", "--async", "-m", "iris")
    assert float(rows[0]["Inferences/Second"]) > 0


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_measures_compressed_requests(server: Served, tmp_path: Path, algorithm: str) -> None:
    _, rows = measure(server.grpc, tmp_path, "-i", "grpc", "--grpc-compression-algorithm", algorithm, "-m", "iris")
    assert float(rows[0]["Inferences/Second"]) > 0
