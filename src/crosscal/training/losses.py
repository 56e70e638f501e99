"""What training minimises: cross-entropy, and its forms that look after calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, log_softmax

if TYPE_CHECKING:
    from crosscal.training.settings import TrainingSettings


def loss(logits: Tensor, gold: Tensor, settings: TrainingSettings) -> Tensor:
    r"""Mean loss of the rows whose right choice is known.

    Parameters
    ----------
    logits : Tensor
        Scores of what competes, shape (A, K); minus infinity where there is no choice.
    gold : Tensor
        Column of the right choice, -1 where it is not known; shape (A,).
    settings : TrainingSettings
        ``label_smoothing`` a (Szegedy et al. 2016: the target is :math:`1 - a` at the right
        choice plus :math:`a / k` at each of the k choices), ``focal`` g (Lin et al. 2017: each
        row weighs :math:`(1 - p)^g`), ``confidence_penalty`` b (Pereyra et al. 2017: b times the
        entropy is taken off).

    Returns
    -------
    Tensor
        One number; 0 if no row is known. With all three at 0 the cross-entropy.
    """
    if not bool((gold >= 0).any()):
        return logits[torch.isfinite(logits)].sum() * 0.0
    if not (settings.label_smoothing or settings.focal or settings.confidence_penalty):
        return cross_entropy(logits, gold, ignore_index=-1)
    logits, gold = logits[gold >= 0], gold[gold >= 0]
    logs = log_softmax(logits, dim=1)
    there = torch.isfinite(logits)
    right = logs.gather(1, gold[:, None])[:, 0]
    rows = -right
    if settings.label_smoothing:
        share = settings.label_smoothing
        mean = logs.masked_fill(~there, 0.0).sum(dim=1) / there.sum(dim=1)
        rows = (1 - share) * rows - share * mean
    if settings.focal:
        # Exponents below 1 have no finite slope at 0.
        rows = rows * (1 - right.exp()).clamp(min=1e-6) ** settings.focal
    if settings.confidence_penalty:
        entropy = -(logs.exp() * logs.masked_fill(~there, 0.0)).sum(dim=1)
        rows = rows - settings.confidence_penalty * entropy
    return rows.mean()
