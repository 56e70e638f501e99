"""The gradient of a step: summed over the processes that share it, and clipped."""

from __future__ import annotations

import torch
from torch import Tensor

from crosscal.training.model import Model
from crosscal.training.parallel.ranks import Ranks


def add_up_gradients(
    model: Model, table: Tensor, used: Tensor | None, loss: Tensor, ranks: Ranks
) -> None:
    """Put the sums over all processes into the gradients and the loss; see `clip_gradients`."""
    if ranks.size == 1:
        return
    tensors = [loss, *_others(model, table)]
    rows = None
    if table.grad is not None:
        # All other rows are 0 in every process.
        rows = table.grad if used is None else table.grad[used]
        tensors.append(rows)
    ranks.add_up(tensors)
    if rows is not None and used is not None and table.grad is not None:
        table.grad[used] = rows


def clip_gradients(model: Model, table: Tensor, used: Tensor | None, limit: float) -> Tensor:
    """Scale the gradient to a norm of at most `limit`; returns the norm before.

    `used` are the rows of the embedding table that the step shows; none: all.
    """
    # Only the table's rows of this step can have a gradient. Looking at no others makes the norm,
    # and so training, the same to the bit for every vocabulary.
    others = _others(model, table)
    parts = list(others)
    if used is None:
        used = torch.arange(len(table), device=table.device)
    if table.requires_grad:
        if table.grad is None:
            raise ValueError("the embedding table has no gradient")
        parts.insert(0, table.grad[used])
    norm: Tensor = torch.linalg.vector_norm(
        torch.stack([torch.linalg.vector_norm(p) for p in parts])
    )
    # Elsewhere than on a processor, to ask for the norm would be to wait for it.
    if norm.device.type != "cpu" or norm > limit:
        factor = (limit / norm).clamp(max=1.0)
        for grad in others:
            grad.mul_(factor)
        if table.grad is not None:
            table.grad[used] = parts[0] * factor
    return norm


def _others(model: Model, table: Tensor) -> list[Tensor]:
    """All gradients but the table's."""
    return [p.grad for p in model.parameters() if p.grad is not None and p is not table]
