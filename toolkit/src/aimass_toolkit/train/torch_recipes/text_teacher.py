"""What a teacher says of texts where there are no classes: scores of pairs, and vectors. It is asked once, before the
training.
"""

from dataclasses import replace

import numpy as np
from scipy.special import logit

from aimass_toolkit.stage.session import Session
from aimass_toolkit.train.given.model import GivenModel
from aimass_toolkit.train.given.session import Batch, open_session, rows_at_once, run_all

from .context import Context
from .data.split import Part, Parts
from .graph.features import SCORES, SENTENCES, make_extractor
from .graph.frozen import Frozen
from .metrics import ranking_metrics
from .problem import refuse
from .text_inputs import token_batch
from .training.objectives import SOFT
from .training.pairs import LEFT, RIGHT, taught

FEW = 2
NEAREST = 1e-6


def with_scores(context: Context, parts: Parts) -> Parts:
    """The training rows with the teacher's score of each query and text, as it is before a sigmoid."""
    teacher, train = context.teacher, parts.train
    if teacher is None:
        return parts
    session = open_session(teacher.model, f"model.onnx of {teacher.field}")
    output = next((name for name in SCORES if name in session.outputs), session.outputs[0])
    batch = token_batch(teacher, session, train.texts["query"], train.texts["text"])
    require_one_score(teacher, session, output, batch)
    scores = run_all(session, train.rows, batch, output).reshape(-1)
    if not np.isfinite(scores).all():
        refuse("RecipeInvalid", f"{teacher.field} gives scores that are no numbers for this data; name another Model.")
    return replace(parts, train=train.plus(**{SOFT: before_sigmoid(scores, output)}))


def require_one_score(teacher: GivenModel, session: Session, output: str, batch: Batch) -> None:
    """Refuses teachers that give anything but one score a pair, by what they answer to a few."""
    few = rows_at_once(session) or FEW
    shape = list(session.run(batch(np.zeros(few, dtype=np.int64)))[output].shape)
    if shape not in ([few], [few, 1]):
        refuse(
            "RecipeInvalid",
            f"{teacher.field} answers {few} pairs with {output} of the shape {shape}; a teacher of rankings gives one "
            "score for each. Name a Model of the task text-ranking.",
        )


def before_sigmoid(scores: np.ndarray, output: str) -> np.ndarray:
    """Logits as they are; of probabilities the logarithms of the odds."""
    if output == "logits" or scores.min() < 0 or scores.max() > 1:
        return scores
    return logit(np.clip(scores.astype(np.float64), NEAREST, 1 - NEAREST)).astype(np.float32)


def with_vectors(context: Context, parts: Parts) -> Parts:
    """The training rows with the teacher's vectors of all their texts."""
    teacher, train = context.teacher, parts.train
    if teacher is None:
        return parts
    frozen = Frozen.of(make_extractor(teacher, is_text=True, vectors=SENTENCES), teacher.field)
    batches = {side: token_batch(teacher, frozen.session, texts) for side, texts in train.texts.items()}
    outputs = [output.name for output in teacher.model.graph.output]
    if not any(name in SENTENCES for name in outputs):
        refuse(
            "RecipeInvalid",
            f"{teacher.field} gives {', '.join(outputs)}; a teacher of embeddings gives vectors "
            f"({', '.join(SENTENCES)}). Name a Model of the task feature-extraction.",
        )
    vectors = {taught(side): frozen.features(train.rows, batch) for side, batch in batches.items()}
    return replace(parts, train=train.plus(**vectors))


def teacher_notes(context: Context, train: Part) -> list[str]:
    """How good the teacher is on the training rows, for the card."""
    if context.teacher is None:
        return []
    share = f"(alpha {context.options['alpha']:g})"
    if SOFT in train.arrays:
        found = ranking_metrics(train.arrays[SOFT], train.arrays["labels"], train.arrays["groups"]).get("ndcg", 0)
        return [f"Learned from a teacher that ranks the training rows with an NDCG of {found:.3f} {share}."]
    left, right = (train.arrays[taught(side)] for side in (LEFT, RIGHT))
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    cosine = float(((left * right).sum(1) / np.maximum(lengths, NEAREST)).mean())
    return [
        f"Learned from a teacher whose {left.shape[1]} numbers of partners have a mean cosine of {cosine:.3f} {share}."
    ]
