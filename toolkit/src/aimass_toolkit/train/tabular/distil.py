"""Learning from a teacher beside the labels, with models that know hard labels and weights only."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

# The usual softening of networks would also soften the student, which is not softened back here.
TEMPERATURE = 1.0
ALPHA = 0.5
# Smaller shares of a class cost a row each and teach nothing.
LEAST_SHARE = 1e-4


def softened(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Logits or log probabilities [rows, classes] as probabilities; the higher the temperature, the more alike."""
    return softmax(logits / temperature, axis=1)


def mixed_shares(targets: np.ndarray, soft: np.ndarray, alpha: float) -> np.ndarray:
    """[rows, classes]: `alpha` by the teacher, the rest by the label; each row adds up to 1.

    A label keeps a trace even with `alpha` 1, so that no class is lost.
    """
    rows = np.arange(len(targets))
    shares = alpha * soft
    shares[rows, targets] = np.maximum(shares[rows, targets] + 1 - alpha, LEAST_SHARE)
    shares[shares < LEAST_SHARE] = 0
    return shares / shares.sum(axis=1, keepdims=True)


def repeated(features: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each row once for every class that has a share, with the share as its weight: features, classes, weights."""
    rows, classes = np.nonzero(shares)
    return features[rows], classes.astype(np.int64), shares[rows, classes]


def mixed_numbers(targets: np.ndarray, taught: np.ndarray, alpha: float) -> np.ndarray:
    """`alpha` by the teacher, the rest by the row itself."""
    return alpha * taught + (1 - alpha) * targets


def note_of_classes(targets: np.ndarray, soft: np.ndarray, alpha: float, temperature: float) -> str:
    """What the card says of the teacher."""
    right = float((soft.argmax(axis=1) == targets).mean())
    return (
        f"Learned from a teacher that answers {right:.1%} of the training rows rightly "
        f"(temperature {temperature:g}, alpha {alpha:g})."
    )


def note_of_numbers(targets: np.ndarray, taught: np.ndarray, alpha: float) -> str:
    """What the card says of the teacher."""
    error = float(np.sqrt(np.mean((taught - targets) ** 2)))
    return f"Learned from a teacher that is off by {error:.4g} (rmse) on the training rows (alpha {alpha:g})."
