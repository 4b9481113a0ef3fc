"""Trains every entry and writes its folder, or trains again and compares with what is committed."""

import json
import pathlib
import sys

import card
import golden
import numpy as np
from datasets import ENTRIES, Data, Entry, load
from export import export
from fit import baseline, fit, metrics, split

# Another processor adds in another order, and training amplifies the difference: bytes are not promised, answers are.
METRIC_TOLERANCE = {"accuracy": 0.02, "macroF1": 0.02, "logLoss": 0.05, "r2": 0.02, "meanAbsoluteError": 1.0, "rootMeanSquaredError": 1.0}
ANSWER_TOLERANCE = {"relative": 0.05, "absolute": 0.05}
# Not compared after training again: who wins the closest race, and raw logits, may well change.
LOOSE_EXAMPLES = {"least-certain"}
LOOSE_OUTPUTS = {"logits"}


class Trained:
    """One entry, trained: the file, how it answers, and the report."""

    def __init__(self, entry: Entry):
        self.entry = entry
        self.data: Data = load(entry)
        self.parts = split(self.data)
        result = fit(entry, self.parts)
        graph = export(entry, self.data, result.model)
        self.content: bytes = graph.SerializeToString(deterministic=True)
        self.session = golden.Session(self.content)
        answers = self.session.run(self.parts.test_inputs)
        self.report = {
            "task": entry.task,
            "title": entry.title,
            "summary": entry.summary,
            "dataDigest": self.data.digest(),
            "dataLicense": entry.data_license,
            "trainExamples": len(self.parts.train_inputs),
            "holdOutExamples": len(self.parts.test_inputs),
            "chosen": result.chosen,
            "crossValidation": result.scores,
            "crossValidationMetric": "R²" if entry.task == "tabular-regression" else "negative log loss",
            "parameterCount": parameter_count(result.model),
            "metrics": metrics(entry, self.parts.test_targets, answers),
            "baseline": baseline(entry, self.parts),
        }
        same_answers(entry, result.model, self.parts.test_inputs, answers)


def parameter_count(model) -> int:
    """Learned numbers of the final estimator."""
    final = model[-1] if hasattr(model, "steps") else model
    if hasattr(final, "coefs_"):
        return sum(part.size for part in (*final.coefs_, *final.intercepts_))
    return int(np.size(final.coef_) + np.size(final.intercept_)) if hasattr(final, "coef_") else 0


def same_answers(entry: Entry, model, inputs: np.ndarray, answers: dict[str, np.ndarray]) -> None:
    """The exported graph must answer the whole hold-out part as the model did that it was made from."""
    flat = inputs.reshape(len(inputs), -1)
    if entry.task == "tabular-regression":
        same = np.allclose(model.predict(flat), answers["prediction"].reshape(-1), rtol=1e-4)
    else:
        same = np.allclose(model.predict_proba(flat), answers["probabilities"], atol=1e-4)
        same = same and np.array_equal(model.predict(flat), answers["label"])
    if not same:
        raise ValueError(f"the exported graph of {entry.name} answers differently from the trained model")


def wanted(names: list[str] | None) -> list[Entry]:
    unknown = set(names or ()) - {entry.name for entry in ENTRIES}
    if unknown:
        raise SystemExit(f"no such entry: {', '.join(sorted(unknown))}; there are {', '.join(e.name for e in ENTRIES)}")
    return [entry for entry in ENTRIES if not names or entry.name in names]


def write_json(file: pathlib.Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(file: pathlib.Path):
    return json.loads(file.read_text(encoding="utf-8"))


def train(library: pathlib.Path, names: list[str] | None) -> int:
    """Trains entries and writes their folders and the report."""
    report_file = library / "report.json"
    report = read_json(report_file) if report_file.exists() else {}
    for entry in wanted(names):
        trained = Trained(entry)
        write_entry(library / entry.name, trained)
        report[entry.name] = trained.report
        print(f"{entry.name}: {trained.report['chosen']}; {trained.report['metrics']}")
    write_json(report_file, {entry.name: report[entry.name] for entry in ENTRIES if entry.name in report})
    return 0


def write_entry(folder: pathlib.Path, trained: Trained) -> None:
    folder.mkdir(exist_ok=True)
    entry, data, session = trained.entry, trained.data, trained.session
    (folder / "model.onnx").write_bytes(trained.content)
    (folder / "golden.json").write_text(golden_text(golden.golden(entry, session, trained.parts)), encoding="utf-8")
    write_json(folder / "config.json", card.config(entry, data))
    (folder / "card.md").write_text(card.card(entry, data, trained.report), encoding="utf-8")
    sample = golden.sample(entry, session, trained.parts)
    (folder / "sample-request.json").write_text(json.dumps(golden.request(session, sample)) + "\n", encoding="utf-8")
    if entry.task == "image-classification":
        write_json(folder / "preprocessor_config.json", card.preprocessor_config(data))
        (folder / "sample.png").write_bytes(card.png(sample[0, 0]))


def golden_text(content: dict) -> str:
    """One line for each example: short enough to look at, easy to compare."""
    lines = ",\n".join(f"    {json.dumps(example)}" for example in content["examples"])
    return f'{{\n  "tolerance": {json.dumps(content["tolerance"])},\n  "examples": [\n{lines}\n  ]\n}}\n'


def check(library: pathlib.Path, names: list[str] | None) -> int:
    """Trains again and compares; 0 when the committed entries are what this code makes."""
    report = read_json(library / "report.json")
    failed = 0
    for entry in wanted(names):
        problems = differences(library / entry.name, Trained(entry), report.get(entry.name, {}))
        failed += bool(problems)
        print(f"{entry.name}: {'ok' if not problems else '; '.join(problems)}")
    if failed:
        print("run library/train/train.py and then node library/generate.ts", file=sys.stderr)
    return 1 if failed else 0


def differences(folder: pathlib.Path, trained: Trained, committed: dict) -> list[str]:
    """In what the committed entry differs from the one that was trained just now."""
    fresh = trained.report
    problems = [f"report.json: {key} differs" for key in ("task", "dataDigest", "chosen", "parameterCount") if committed.get(key) != fresh[key]]
    for name, value in fresh["metrics"].items():
        was = committed.get("metrics", {}).get(name)
        if was is None or abs(was - value) > METRIC_TOLERANCE[name]:
            problems.append(f"{name} is {value}, committed {was}")
    if read_json(folder / "config.json") != card.config(trained.entry, trained.data):
        problems.append("config.json differs")
    if not problems and (folder / "card.md").read_text(encoding="utf-8") != card.card(trained.entry, trained.data, committed):
        problems.append("card.md differs")
    content = read_json(folder / "golden.json")
    committed_session = golden.Session((folder / "model.onnx").read_bytes())
    for example in content["examples"]:
        problems += golden_problems(example, committed_session, trained.session, content["tolerance"])
    return problems


def golden_problems(example: dict, committed: golden.Session, fresh: golden.Session, tolerance: dict) -> list[str]:
    """The committed model answers exactly, the model trained just now answers alike."""
    problems = []
    wrong = golden.mismatch(answer(committed, example), example["response"], tolerance)
    if wrong:
        problems.append(f"model.onnx, example {example['name']}: {wrong}")
    outputs = [output for output in example["response"]["outputs"] if output["name"] not in LOOSE_OUTPUTS]
    wrong = golden.mismatch(answer(fresh, example), {"outputs": outputs}, ANSWER_TOLERANCE)
    if wrong and example["name"] not in LOOSE_EXAMPLES:
        problems.append(f"trained again, example {example['name']}: {wrong}")
    return problems


def answer(session: golden.Session, example: dict) -> dict:
    given = example["request"]["inputs"][0]
    inputs = np.array(given["data"], dtype=np.float32).reshape(given["shape"])
    answers = session.run(inputs)
    return {"outputs": [golden.tensor(name, answers[name]) for name in session.outputs]}
