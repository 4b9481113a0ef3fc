"""What all stages share: document, report, folders, tables, progress."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from aimass_toolkit.stage import atomic, golden
from aimass_toolkit.stage.document import Paths, parse_document, read_document
from aimass_toolkit.stage.files import load_frame
from aimass_toolkit.stage.progress import report as progress
from aimass_toolkit.stage.report import StageError, fit, run_stage
from aimass_toolkit.stage.threads import threads


def test_a_document_is_typed_and_the_parameters_of_a_trial_win(tmp_path):
    (tmp_path / "parameters.json").write_text('{"depth": 3}')
    spec = {
        "recipe": {"name": "tabular-regression"},
        "parameters": {"depth": 1, "rate": 0.1},
        "data": ["train"],
        "evaluation": {"thresholds": [{"metric": "rmse", "max": 2}]},
        "publish": {"optimize": {"precision": "int8"}},
        "card": {"tags": ["a"]},
        "keepRuns": [1, 2],
    }
    document = read_document({"AIMASS_ROOT": str(tmp_path), "AIMASS_SPEC": json.dumps(spec)})
    assert document.task == "tabular-regression"
    assert document.parameters == {"depth": 3, "rate": 0.1}
    assert document.evaluation.thresholds[0].max == 2
    assert document.publish.optimize.max_metric_drop == 0.01
    assert document.keep_runs == (1, 2)
    assert document.paths.base_model == tmp_path / "base-model"


@pytest.mark.parametrize("text", [None, "", "{", "[]"])
def test_a_document_that_is_none_is_refused(text):
    with pytest.raises(StageError) as caught:
        read_document({"AIMASS_SPEC": text} if text is not None else {})
    assert caught.value.reason == "InvalidSpec"


def fail(error):
    raise error


@pytest.mark.parametrize(
    ("stage", "code", "want"),
    [
        (lambda: {"steps": np.int64(3)}, 0, {"ok": True, "steps": 3}),
        (lambda: {"loss": float("nan")}, 0, {"ok": True, "loss": None}),
        (lambda: fail(StageError("DataEmpty", "no rows")), 2, {"ok": False, "reason": "DataEmpty", "retryable": False}),
        (lambda: fail(StageError("DataEmpty", "soon", True)), 1, {"ok": False, "retryable": True}),
        (lambda: fail(StageError("ThresholdNotMet", "low", details={"rows": 4})), 2, {"ok": False, "rows": 4}),
        (lambda: fail(ValueError("what?")), 2, {"ok": False, "reason": "StageCrashed"}),
        (lambda: fail(OSError(28, "No space left")), 2, {"ok": False, "reason": "StageCrashed"}),
    ],
)
def test_the_termination_message_and_exit_code(tmp_path, monkeypatch, stage, code, want):
    log = tmp_path / "log"
    monkeypatch.setenv("AIMASS_TERMINATION_LOG", str(log))
    assert run_stage(stage) == code
    assert want.items() <= json.loads(log.read_text()).items()


def test_a_long_report_is_cut_to_what_the_kubelet_keeps():
    report = {"ok": False, "reason": "DataInvalid", "message": "ä" * 9000, "notes": [f"note {i}" for i in range(2000)]}
    text = fit(report)
    assert len(text.encode()) <= 4096
    assert json.loads(text)["reason"] == "DataInvalid"


def test_a_stage_that_is_told_to_stop_stops(tmp_path):
    program = "import os, signal; from aimass_toolkit.stage.report import run_stage\n"
    program += "run_stage(lambda: os.kill(os.getpid(), signal.SIGTERM) or __import__('time').sleep(60))"
    environment = {**os.environ, "AIMASS_TERMINATION_LOG": str(tmp_path / "log")}
    assert subprocess.run([sys.executable, "-c", program], env=environment, timeout=30, check=False).returncode == 143


def test_a_folder_is_there_whole_or_not_at_all(tmp_path):
    target = tmp_path / "prepared"

    def killed():
        with atomic.whole_folder(target) as folder:
            (folder / "half").write_text("x")
            raise ValueError("killed")

    with pytest.raises(ValueError, match="killed"):
        killed()
    assert not target.exists()
    for content in ("one", "two"):
        with atomic.whole_folder(target) as folder:
            (folder / content).write_text(content)
    assert [file.name for file in target.iterdir()] == ["two"]
    assert [file.name for file in tmp_path.iterdir()] == ["prepared"]


def test_a_mount_gets_its_files_one_by_one(tmp_path):
    (tmp_path / "stale").write_text("x")
    (tmp_path / "sub").mkdir()
    with atomic.into_mount(tmp_path) as folder:
        (folder / "model").write_text("y")
        (folder / "sub").mkdir()
        (folder / "sub" / "part").write_text("z")
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["model", "part", "sub"]


def test_progress_is_one_line_without_what_is_no_number(capsys):
    progress(3, 10, loss=0.25, accuracy=float("nan"))
    assert capsys.readouterr().out == "epoch=3 epochs=10 loss=0.25\n"


@pytest.mark.parametrize(("text", "most"), [("max 100000", 10_000), ("100000 100000", 1), ("50000 100000", 1)])
def test_threads_follow_the_limit_of_the_container(tmp_path, text, most):
    (tmp_path / "cpu.max").write_text(text)
    assert 1 <= threads(tmp_path / "cpu.max") <= most


TABLE = pd.DataFrame({"a": [1.5, None], "b": ["x", None]})


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("t.csv", lambda file: TABLE.to_csv(file, index=False)),
        ("t.csv.gz", lambda file: TABLE.to_csv(file, index=False)),
        ("t.csv", lambda file: TABLE.to_csv(file, index=False, sep=";")),
        ("t.tsv", lambda file: TABLE.to_csv(file, index=False, sep="\t")),
        ("t.parquet", TABLE.to_parquet),
        ("t.jsonl", lambda file: TABLE.to_json(file, orient="records", lines=True)),
        ("t.json", lambda file: TABLE.to_json(file, orient="records")),
        ("t.json", lambda file: file.write_text('{"a": [1.5, null], "b": ["x", "NA"]}')),
    ],
)
def test_a_table_in_every_format(tmp_path, name, write):
    write(tmp_path / name)
    frame = load_frame(tmp_path, "train")
    assert list(frame.columns) == ["a", "b"]
    assert frame["a"].dtype.kind == "f"
    assert frame["a"].iloc[0] == 1.5
    assert frame.isna().to_numpy().tolist() == [[False, False], [True, True]]


def test_arrays_of_numpy_are_columns(tmp_path):
    np.savez(tmp_path / "t.npz", X=np.ones((3, 2)), y=np.arange(3))
    assert list(load_frame(tmp_path, "train").columns) == ["X_0", "X_1", "y"]


def test_files_of_one_format_are_put_together(tmp_path):
    (tmp_path / "1.csv").write_text("a,b\n1,2\n")
    (tmp_path / "2.csv").write_text("b,a\n3,4\n")
    (tmp_path / "README.md").write_text("about")
    assert load_frame(tmp_path, "train")["a"].tolist() == [1, 4]


@pytest.mark.parametrize(
    ("files", "reason", "says"),
    [
        (None, "DataMissing", "is missing"),
        ({}, "DataMissing", "no files"),
        ({"t.csv": ""}, "DataEmpty", "are empty"),
        ({"t.csv": "a,b\n"}, "DataEmpty", "no rows"),
        ({"t.bin": "x"}, "DataInvalid", "t.bin"),
        ({"t.csv": "<!DOCTYPE html><html>"}, "DataInvalid", "web page"),
        ({"t.csv": "a,a\n1,2\n"}, "DataInvalid", 'more than one column "a"'),
        ({"t.csv": "a,b\n1,2,3\n"}, "DataInvalid", "cannot be read as csv"),
        ({"t.csv": b"a,b\n\xff\xfe,1\n"}, "DataInvalid", "UTF-8"),
        ({"t.parquet": "PAR1"}, "DataInvalid", "parquet"),
        ({"t.jsonl": '{"a": [1]}\n'}, "DataInvalid", "plain values"),
        ({"t.json": '"text"'}, "DataInvalid", "objects"),
        ({"t.npz": "x"}, "DataInvalid", "npz"),
        ({"1.csv": "a\n1\n", "2.csv": "b\n1\n"}, "DataInvalid", "different columns"),
    ],
)
def test_data_that_cannot_be_used_is_refused_by_name(tmp_path, files, reason, says):
    folder = tmp_path / "data"
    if files is not None:
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(StageError) as caught:
        load_frame(folder, "train")
    assert caught.value.reason == reason
    assert says in caught.value.message
    assert str(tmp_path) not in caught.value.message


def test_tensors_of_every_type_are_v2():
    assert golden.tensor("x", np.float32([[0.1]])) == {"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [0.1]}
    assert golden.tensor("x", np.array(["a"], object))["datatype"] == "BYTES"
    assert [golden.datatype(np.zeros(1, kind)) for kind in ("int64", "uint8", "bool", "float16")] == [
        "INT64",
        "UINT8",
        "BOOL",
        "FP16",
    ]


def test_a_document_of_a_trial_without_a_file_of_parameters(tmp_path):
    assert parse_document({}, Paths(tmp_path)).parameters == {}
