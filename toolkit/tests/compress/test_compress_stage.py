"""The stage compress on small real models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from digit_models import TEST, work_space
from onnx import numpy_helper

from aimass_toolkit import compress as role
from aimass_toolkit.compress import latency
from aimass_toolkit.compress.judge import drop_of
from aimass_toolkit.compress.plan import candidates
from aimass_toolkit.compress.prune import pruned
from aimass_toolkit.compress.stage import compress
from aimass_toolkit.compress.weights import weights
from aimass_toolkit.stage.document import Optimize, Paths, parse_document
from aimass_toolkit.stage.report import StageError
from aimass_toolkit.stage.session import Session


@pytest.fixture(autouse=True)
def short_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "ROUNDS", 20)


def compressed(root: Path, task: str = "tabular-classification", **optimize: Any) -> dict[str, Any]:
    """The report; it has to fit in the termination message, and be the one in the folder."""
    report = compress(parse_document({"task": task, "publish": {"optimize": optimize}}, Paths(root)))
    assert len(json.dumps(report)) < 3000
    assert json.loads((root / "compressed" / "report.json").read_text()) == report
    return report


def golden_holds(root: Path) -> bool:
    """Whether the published model answers its golden examples."""
    content = json.loads((root / "compressed" / "golden.json").read_text())
    session = Session(root / "compressed" / "model.onnx")
    close = []
    for one in content["examples"]:
        given = {x["name"]: np.array(x["data"]).reshape(x["shape"]) for x in one["request"]["inputs"]}
        answers = session.run(given)
        for wanted in one["response"]["outputs"]:
            tolerance = content["tolerance"]
            got = answers[wanted["name"]].reshape(-1)
            close.append(np.allclose(got, wanted["data"], tolerance["relative"], tolerance["absolute"]))
    return len(content["examples"]) > 1 and all(close)


@pytest.mark.parametrize(
    ("optimize", "chosen", "ratio"),
    [
        ({"precision": "fp16"}, "fp16", 0.75),
        ({"precision": "int8"}, "int8-dynamic", 0.5),
        ({"precision": "int8", "quantization": "static"}, "int8-static", 0.55),
        (
            {"precision": "int8", "quantization": "static", "prune": 0.3, "maxMetricDrop": 0.05},
            "pruned-30%+int8-static",
            0.55,
        ),
        ({"precision": "fp16", "prune": 0.2, "maxMetricDrop": 0.05}, "pruned-20%+fp16", 0.75),
    ],
)
@pytest.mark.parametrize("name", ["network", "convolution"])
def test_a_smaller_model_is_published_with_its_proof(
    tmp_path: Path, request: pytest.FixtureRequest, name: str, optimize: dict[str, Any], chosen: str, ratio: float
) -> None:
    root = work_space(tmp_path, request.getfixturevalue(f"digits_{name}"))
    task = "image-classification" if name == "convolution" else "tabular-classification"
    report = compressed(root, task, **optimize)
    told = next(one for one in report["candidates"] if one["kind"] == chosen)
    size = (root / "compressed" / "model.onnx").stat().st_size
    assert report["chosen"] == chosen
    assert told["sizeBytes"] == size < ratio * (root / "converted" / "model.onnx").stat().st_size
    assert told["drop"] <= report["maxMetricDrop"]
    assert told["p50LatencyMs"] > 0
    assert told["largestDifference"] > 0
    assert (report["rows"], report["dataset"]) == (len(TEST), "held-out.npz")
    assert golden_holds(root)
    assert f"| {chosen} |" in (root / "compressed" / "card.md").read_text()
    assert (root / "compressed" / "config.json").exists()


def test_pruning_makes_the_packed_file_smaller(tmp_path: Path, digits_network: onnx.ModelProto) -> None:
    report = compressed(work_space(tmp_path, digits_network), prune=0.5, maxMetricDrop=0.2)
    [told] = report["candidates"]
    assert report["chosen"] == "pruned-50%"
    assert told["sizeBytes"] == report["original"]["sizeBytes"]
    assert told["packedBytes"] < 0.75 * report["original"]["packedBytes"]


def test_the_smallest_weights_of_the_whole_model_become_zero(digits_network: onnx.ModelProto) -> None:
    before = np.concatenate([numpy_helper.to_array(one).reshape(-1) for one in weights(digits_network)])
    after = np.concatenate([numpy_helper.to_array(one).reshape(-1) for one in weights(pruned(digits_network, 0.4))])
    assert (after == 0).mean() == pytest.approx(0.4, abs=1e-3)
    assert np.abs(before[after == 0]).max() <= np.abs(after[after != 0]).min()


def test_what_costs_too_much_is_not_published(tmp_path: Path, digits_network: onnx.ModelProto) -> None:
    report = compressed(work_space(tmp_path, digits_network), prune=0.95)
    assert report["chosen"] == "original"
    assert "which is more than maxMetricDrop (0.01)" in report["candidates"][0]["reason"]
    assert (tmp_path / "compressed" / "model.onnx").read_bytes() == (tmp_path / "converted" / "model.onnx").read_bytes()
    assert (tmp_path / "compressed" / "golden.json").read_text() == "{}"


def test_one_of_two_things_is_published_when_both_are_too_much(tmp_path: Path, digits_network: onnx.ModelProto) -> None:
    report = compressed(work_space(tmp_path, digits_network), prune=0.95, precision="int8")
    assert [one["kind"] for one in report["candidates"]] == ["pruned-95%+int8-dynamic", "int8-dynamic", "pruned-95%"]
    assert report["chosen"] == "int8-dynamic"


@pytest.mark.parametrize("optimize", [{"precision": "fp16"}, {"precision": "int8"}, {"prune": 0.5}])
def test_trees_have_nothing_to_compress(
    tmp_path: Path, digits_trees: onnx.ModelProto, optimize: dict[str, Any]
) -> None:
    report = compressed(work_space(tmp_path, digits_trees), **optimize)
    assert report["chosen"] == "original"
    assert "TreeEnsembleClassifier" in report["candidates"][0]["reason"]


def test_without_rows_nothing_is_proved_and_nothing_changed(tmp_path: Path, digits_network: onnx.ModelProto) -> None:
    root = work_space(tmp_path, digits_network)
    (root / "output" / "held-out.npz").unlink()
    (root / "output" / "examples.npz").unlink()
    report = compressed(root, precision="int8")
    assert report["chosen"] == "original"
    assert "no rows to prove by" in report["candidates"][0]["reason"]


def test_without_labels_the_answers_of_both_are_compared(tmp_path: Path, digits_network: onnx.ModelProto) -> None:
    root = work_space(tmp_path, digits_network)
    (root / "output" / "held-out.npz").unlink()
    report = compressed(root, precision="int8")
    assert report["dataset"] == "examples.npz"
    assert report["candidates"][0]["metric"] == "agreement"
    assert report["candidates"][0]["value"] > 0.98
    assert report["chosen"] == "int8-dynamic"


def test_static_quantisation_needs_rows_that_training_knows(tmp_path: Path, digits_network: onnx.ModelProto) -> None:
    root = work_space(tmp_path, digits_network)
    (root / "output" / "examples.npz").unlink()
    report = compressed(root, precision="int8", quantization="static")
    assert "write examples.npz" in report["candidates"][0]["reason"]


def test_nothing_asked_for_is_nothing_done(tmp_path: Path, digits_network: onnx.ModelProto) -> None:
    report = compressed(work_space(tmp_path, digits_network), maxMetricDrop=0.5)
    assert (report["candidates"], report["chosen"]) == ([], "original")


def test_a_metric_that_is_not_measured_is_refused(tmp_path: Path, digits_network: onnx.ModelProto) -> None:
    with pytest.raises(StageError, match='"rmse" is not measured on the converted model; there are accuracy') as caught:
        compressed(work_space(tmp_path, digits_network), precision="int8", metric="rmse")
    assert caught.value.reason == "MetricUnknown"


def test_no_converted_model(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"set spec\.publish\.convert to onnx") as caught:
        compressed(tmp_path, precision="int8")
    assert caught.value.reason == "CompressionFailed"


def test_a_prepared_table_is_calibrated_and_judged_on_raw_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import joblib
    from sklearn.datasets import load_breast_cancer
    from sklearn.neural_network import MLPClassifier

    from aimass_toolkit import convert
    from aimass_toolkit.prepare.table import prepare_table
    from aimass_toolkit.stage.prepared import read_prepared

    table = load_breast_cancer(as_frame=True).frame
    table["side"] = np.where(np.arange(len(table)) % 3, "left", "right")
    (tmp_path / "data" / "train").mkdir(parents=True)
    table.to_csv(tmp_path / "data" / "train" / "rows.csv", index=False)
    spec = {"task": "tabular-classification", "data": ["train"], "prepare": {"target": "target"}}
    prepare_table(parse_document(spec, Paths(tmp_path)))
    prepared = read_prepared(tmp_path / "prepared")
    assert prepared is not None
    rows, truth = prepared.part("train")
    model = MLPClassifier((64,), max_iter=40, random_state=0).fit(rows, truth)
    (tmp_path / "output").mkdir()
    joblib.dump(model, tmp_path / "output" / "model.joblib")
    monkeypatch.setenv("AIMASS_SPEC", json.dumps(spec))
    monkeypatch.setenv("AIMASS_ROOT", str(tmp_path))
    monkeypatch.setenv("AIMASS_TERMINATION_LOG", str(tmp_path / "termination"))
    assert convert.main([]) == 0
    report = compressed(tmp_path, precision="int8", quantization="static", maxMetricDrop=0.03)
    assert report["chosen"] == "int8-static", report
    assert report["dataset"] == "test"
    assert golden_holds(tmp_path)


@pytest.mark.parametrize(
    ("metric", "before", "after", "drop"),
    [
        ("accuracy", 0.9, 0.88, 0.02),
        ("accuracy", 0.9, 0.91, -0.01),
        ("rmse", 50, 51, 0.02),
        ("logLoss", 0.5, 0.4, -0.2),
    ],
)
def test_a_drop_is_absolute_for_shares_and_relative_for_errors(
    metric: str, before: float, after: float, drop: float
) -> None:
    assert drop_of(metric, before, after) == pytest.approx(drop)


def test_what_was_asked_for_comes_first() -> None:
    kinds = [one.kind for one in candidates(Optimize(precision="int8", quantization="static", prune=0.5))]
    assert kinds == ["pruned-50%+int8-static", "int8-static", "pruned-50%"]
    assert [one.kind for one in candidates(Optimize(precision="fp16"))] == ["fp16"]


def test_the_role_reports_to_the_operator(
    tmp_path: Path, digits_network: onnx.ModelProto, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = work_space(tmp_path, digits_network)
    monkeypatch.setenv(
        "AIMASS_SPEC", json.dumps({"task": "tabular-classification", "publish": {"optimize": {"prune": 0.1}}})
    )
    monkeypatch.setenv("AIMASS_ROOT", str(root))
    monkeypatch.setenv("AIMASS_TERMINATION_LOG", str(root / "termination"))
    assert role.main([]) == 0
    report = json.loads((root / "termination").read_text())
    assert (report["ok"], report["candidates"][0]["kind"]) == (True, "pruned-10%")


def test_the_bench_prints_a_table(
    tmp_path: Path, digits_network: onnx.ModelProto, capsys: pytest.CaptureFixture[str]
) -> None:
    from aimass_toolkit.compress import bench

    root = work_space(tmp_path, digits_network)
    files = {"model": "converted/model.onnx", "rows": "output/held-out.npz", "calibration": "output/examples.npz"}
    assert bench.main([f"--{name}={root / file}" for name, file in files.items()]) == 0
    first = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line[0].isalpha()]
    assert first == [
        "model",
        "converted",
        "fp16",
        "int8-dynamic",
        "int8-static",
        "pruned-30%",
        "pruned-50%",
        "pruned-70%",
    ]
