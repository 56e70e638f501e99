"""What training minimises: cross-entropy, and its forms that look after calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, log_softmax

if TYPE_CHECKING:
    from crosscal.training.settings import TrainingSettings


def training_loss(
    logits: Tensor,
    gold: Tensor,
    settings: TrainingSettings,
    *,
    any_known: bool | None = None,
    n_known: int | None = None,
) -> Tensor:
    """Mean loss of the rows whose right choice is known, 0 if none is.

    `any_known` tells whether one is, to whom it is known: to look is to wait for the device. Of a
    part of a step, `n_known` counts such rows in the whole step: the losses of all parts then sum
    to its mean.
    """
    # Smoothing a (Szegedy et al. 2016): the target is 1 - a at the right choice plus a / k at each.
    # Focal g (Lin et al. 2017): each row weighs (1 - p)^g. Penalty b (Pereyra et al. 2017): b times
    # the entropy is taken off. With all three at 0: the cross-entropy.
    if not (bool((gold >= 0).any()) if any_known is None else any_known):
        return logits[torch.isfinite(logits)].sum() * 0.0
    if not (settings.label_smoothing or settings.focal or settings.confidence_penalty):
        if n_known is not None:
            return cross_entropy(logits, gold, ignore_index=-1, reduction="sum") / n_known
        return cross_entropy(logits, gold, ignore_index=-1)
    logits, gold = logits[gold >= 0], gold[gold >= 0]
    logs = log_softmax(logits, dim=1)  # (A, K)
    exists = torch.isfinite(logits)
    gold_logs = logs.gather(1, gold[:, None])[:, 0]
    losses = -gold_logs
    if settings.label_smoothing:
        share = settings.label_smoothing
        mean = logs.masked_fill(~exists, 0.0).sum(dim=1) / exists.sum(dim=1)
        losses = (1 - share) * losses - share * mean
    if settings.focal:
        # Exponents below 1 have no finite slope at 0.
        losses = losses * (1 - gold_logs.exp()).clamp(min=1e-6) ** settings.focal
    if settings.confidence_penalty:
        entropy = -(logs.exp() * logs.masked_fill(~exists, 0.0)).sum(dim=1)
        losses = losses - settings.confidence_penalty * entropy
    return losses.mean() if n_known is None else losses.sum() / n_known
