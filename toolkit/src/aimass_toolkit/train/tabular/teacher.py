"""What a teacher Model says of the training rows, in the order of our classes."""

from __future__ import annotations

import numpy as np

from aimass_toolkit.evaluate.native.answers import PROBABILITIES, of_classes
from aimass_toolkit.stage.prepared import Prepared
from aimass_toolkit.stage.report import StageError
from aimass_toolkit.stage.session import Session
from aimass_toolkit.train.given.model import GivenModel
from aimass_toolkit.train.given.session import open_session, run_all

from .teacher_inputs import FIELD, teacher_inputs

LEAST = 1e-7


def ask_teacher(teacher: GivenModel, prepared: Prepared) -> np.ndarray:
    """Of the training rows: log probabilities [rows, classes], FP64, in the order of our labels; or numbers [rows]."""
    order = order_of_classes(teacher, prepared.labels) if prepared.is_classification else []
    session = open_session(teacher.model, f"model.onnx of {teacher.field}")
    output = output_of(session, prepared.is_classification)
    inputs = teacher_inputs(teacher, session, prepared)
    rows = prepared.schema["rows"]["train"]
    try:
        answers = run_all(session, rows, lambda chosen: {name: one[chosen] for name, one in inputs.items()}, output)
    except Exception as error:
        why = " ".join(str(error).split())[:200]
        raise refusal(f"{FIELD} does not answer the training rows ({why}); name a Model of the same table.") from error
    is_class = prepared.is_classification
    taught = log_shares(answers, output, order, teacher) if is_class else one_number(answers, output)
    refuse_no_numbers(taught)
    return taught


def refusal(message: str) -> StageError:
    """A teacher that cannot teach."""
    return StageError("RecipeInvalid", message)


def order_of_classes(teacher: GivenModel, labels: list[str]) -> list[int]:
    """Where our classes are among those of the teacher."""
    missing = [label for label in labels if label not in teacher.labels]
    if missing:
        there = ", ".join(teacher.labels[:20]) or "none, as its config.json has no id2label"
        raise refusal(
            f'{FIELD} does not know the class "{missing[0]}" (it has {there}); name a Model of the same classes, '
            "or write the labels in the data as the teacher does."
        )
    return [teacher.labels.index(label) for label in labels]


def output_of(session: Session, is_classification: bool) -> str:
    """The output with the probabilities, the scores or the numbers."""
    kinds = {one.name: one.type for one in session.session.get_outputs()}
    floats = [name for name, kind in kinds.items() if kind in ("tensor(float)", "tensor(double)", "tensor(float16)")]
    wanted = (*PROBABILITIES, "logits", "scores") if is_classification else ("prediction", "variable")
    found = next((name for name in wanted if name in floats), floats[0] if floats else None)
    if found is None:
        what = "probabilities" if is_classification else "numbers"
        raise refusal(
            f"{FIELD} has the outputs {', '.join(kinds)}, none of them {what}; name a Model that gives {what}."
        )
    return found


def refuse_no_numbers(answers: np.ndarray) -> None:
    """NaN from a teacher mostly comes from a missing value that it does not fill in."""
    wrong = int((~np.isfinite(answers.reshape(len(answers), -1))).any(axis=1).sum())
    if wrong:
        raise refusal(
            f"{FIELD} gives no number for {wrong} of {len(answers)} training rows; if these have missing values, name "
            "a Model that fills them in, or leave the rows out."
        )


def log_shares(answers: np.ndarray, output: str, order: list[int], teacher: GivenModel) -> np.ndarray:
    """The logarithms of what the teacher gives each of our classes; classes that we lack are left out."""
    named = of_classes({output: answers})
    scores = named.get("probabilities", named.get("logits"))
    if scores.ndim != 2 or scores.shape[1] != len(teacher.labels):
        raise refusal(
            f"{FIELD} gives {list(answers.shape[1:])} scores a row in {output}, but its config.json names "
            f"{len(teacher.labels)} classes; name a Model with a score for each class."
        )
    exact = scores.astype(np.float64)[:, order]
    return np.log(np.clip(exact, LEAST, 1)) if "probabilities" in named else exact


def one_number(answers: np.ndarray, output: str) -> np.ndarray:
    """One number a row."""
    if answers.size != len(answers):
        raise refusal(
            f"{FIELD} gives {list(answers.shape[1:])} numbers a row in {output}; name a Model that predicts one."
        )
    return answers.reshape(-1).astype(np.float64)
