"""How far a student is from its teacher, where there are no classes."""

import torch
from torch.nn import functional


def mixed(alpha: float, soft: torch.Tensor, hard: torch.Tensor) -> torch.Tensor:
    """The loss by the teacher and the loss by the data; `alpha` is the teacher's share."""
    return alpha * soft + (1 - alpha) * hard


def scores_apart(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """The mean squared difference of scores before the sigmoid: logit matching (Ba and Caruana, 2014). Hofstätter et
    al. (2020) teach rankers so, too, and by margins; those need the texts of one query together in a batch.
    """
    return functional.mse_loss(student, teacher)


def vectors_apart(student: torch.Tensor, teacher: torch.Tensor, temperature: float) -> torch.Tensor:
    """1 - cosine of each vector with the teacher's, in units of the temperature as the cosines of the recipe's own loss
    are: else that one would drown it.

    Vectors of other sizes are compared by how alike each is to all of the batch: similarity-preserving distillation
    (Tung and Mori, 2019) of cosines, here half of the squared distance of each row, and the mean of the rows.
    """
    student, teacher = functional.normalize(student, dim=1), functional.normalize(teacher, dim=1)
    if student.size(1) == teacher.size(1):
        return (1 - (student * teacher).sum(1)).mean() / temperature
    return (student @ student.T - teacher @ teacher.T).square().sum(1).mean() / 2
