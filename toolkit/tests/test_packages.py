"""The packages of the image work together: each pair that has broken before has a row here."""

import importlib
import io
import shutil
import subprocess

import numpy as np
import onnx
import onnxruntime
import optuna
import pandas as pd
import pytest
import torch
from lightgbm import LGBMClassifier
from onnx import TensorProto, helper
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl2onnx import to_onnx, update_registered_converter
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from xgboost import XGBClassifier

CPU = ["CPUExecutionProvider"]
PACKAGES = [
    "scipy",
    "joblib",
    "cmaes",
    "tokenizers",
    "PIL",
    "fastparquet",
    "onnxconverter_common",
    "pycocotools.cocoeval",
]
CLASSIFIERS = [
    LogisticRegression(max_iter=5000),
    HistGradientBoostingClassifier(max_iter=5),
    LGBMClassifier(n_estimators=5, verbose=-1),
    XGBClassifier(n_estimators=5),
]
SAMPLERS = {
    "tpe": lambda: optuna.samplers.TPESampler(seed=1),
    "cma-es": lambda: optuna.samplers.CmaEsSampler(seed=1),
    "gaussian process": lambda: optuna.samplers.GPSampler(seed=1, n_startup_trials=4),
}


@pytest.mark.parametrize("package", PACKAGES)
def test_imports(package):
    importlib.import_module(package)


def test_the_newest_onnx_format_runs():
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "xy"]
    model = helper.make_model(helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", value[:1], value[1:]))
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=CPU)
    assert session.run(None, {"x": np.array([-1, 2], np.float32)})[0].tolist() == [0, 2]


def test_pytorch_trains_and_exports():
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(144, 3))
    images = torch.randn(5, 1, 8, 8)
    optimizer = torch.optim.Adam(model.parameters())
    torch.nn.functional.cross_entropy(model(images), torch.tensor([0, 1, 2, 0, 1])).backward()
    optimizer.step()
    model.eval()
    graph = io.BytesIO()
    names = {"input_names": ["x"], "output_names": ["y"], "dynamic_axes": {"x": {0: "n"}, "y": {0: "n"}}}
    torch.onnx.export(model, images[:1], graph, opset_version=17, **names)
    session = onnxruntime.InferenceSession(graph.getvalue(), providers=CPU)
    expected = model(images).detach().numpy()
    np.testing.assert_allclose(session.run(None, {"x": images.numpy()})[0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda classifier: type(classifier).__name__)
def test_classifiers_convert(classifier):
    for kind, convert in ((LGBMClassifier, convert_lightgbm), (XGBClassifier, convert_xgboost)):
        options = {"nocl": [True, False], "zipmap": [True, False, "columns"]}
        shapes = calculate_linear_classifier_output_shapes
        update_registered_converter(kind, kind.__name__, shapes, convert, options=options, overwrite=True)
    rows, labels = load_breast_cancer(return_X_y=True)
    rows = rows.astype(np.float32)
    classifier.fit(rows, labels)
    model = to_onnx(classifier, rows[:1], options={"zipmap": False}, target_opset={"": 17, "ai.onnx.ml": 3})
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=CPU)
    found, probabilities = session.run(None, {"X": rows})
    assert found.tolist() == classifier.predict(rows).tolist()
    np.testing.assert_allclose(probabilities, classifier.predict_proba(rows), atol=1e-4)


@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers_search(name):
    study = optuna.create_study(sampler=SAMPLERS[name]())
    study.optimize(lambda t: t.suggest_float("a", -3, 3) ** 2 + t.suggest_float("b", -3, 3) ** 2, n_trials=12)
    assert study.best_value < 2


def test_parquet_round_trip(tmp_path):
    frame = pd.DataFrame({"a": [1, 2.5], "b": ["x", None]})
    frame.to_parquet(tmp_path / "a.parquet")
    assert pd.read_parquet(tmp_path / "a.parquet").equals(frame)


def test_torchrun_starts_processes_that_find_each_other(tmp_path):
    code = tmp_path / "sum.py"
    code.write_text(
        "import torch\nfrom torch import distributed\n"
        "distributed.init_process_group('gloo')\nvalue = torch.ones(1)\n"
        "distributed.all_reduce(value)\nprint(f'sum={value.item()}')\n"
    )
    assert shutil.which("torchrun")
    command = ["torchrun", "--standalone", "--nnodes=1", "--nproc_per_node=2", str(code)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("sum=2.0") == 2
