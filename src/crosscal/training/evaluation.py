"""Development scores: what chooses the checkpoint."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn.functional import cross_entropy

from crosscal.encoders.vocabulary import Vocabulary
from crosscal.training.batches import prediction_order
from crosscal.training.collate import collate
from crosscal.training.mixing import TrainingTask
from crosscal.training.model import Model
from crosscal.training.parallel.ranks import ALONE, Ranks


@torch.no_grad()
def evaluate(
    model: Model,
    vocabulary: Vocabulary,
    task: TrainingTask,
    batch_tokens: int,
    ranks: Ranks = ALONE,
) -> dict[str, float]:
    """Score a task's development examples; processes that share them get the same figures.

    Returns
    -------
    dict
        ``accuracy``: share of the softmaxes in which the right candidate is first (labels of
        examples or words, options, starts and ends); ``nll``: mean negative log-likelihood;
        ``share``: of the most frequent candidate among the first.
    """
    model.eval()
    device = next(model.parameters()).device
    examples = task.development
    assert examples is not None
    order = prediction_order(examples.lengths, batch_tokens=4 * batch_tokens)
    right, nll = torch.zeros(2, len(order), dtype=torch.float64)  # of each batch
    predicted = [torch.zeros(0, dtype=torch.int64, device=device)]
    for number in range(ranks.rank, len(order), ranks.size):
        batch = collate(examples, order[number], vocabulary, task.outputs).to(device)
        scores = model(batch.packed, batch.scored_positions, task.name)
        logits = batch.candidate_logits(scores).double()  # (A, K)
        known = batch.gold >= 0
        logits, gold = logits[known], batch.gold[known]
        first = logits.argmax(dim=1)
        right[number] = int((first == gold).sum())
        nll[number] = float(cross_entropy(logits, gold, reduction="sum"))
        predicted.append(first)
    counts = torch.bincount(torch.cat(predicted)).cpu()
    counts = torch.cat([counts, counts.new_zeros(ranks.largest(len(counts)) - len(counts))])
    ranks.add_up([right, nll, counts])
    total = int(counts.sum())
    total_nll = 0.0
    for batch_nll in nll.tolist():  # one after the other, whoever computed them
        total_nll += batch_nll
    return {
        "accuracy": int(right.sum()) / total,
        "nll": total_nll / total,
        "share": float(counts.max()) / total,
    }


def mean_evaluation(evaluations: Sequence[dict[str, float]]) -> dict[str, float]:
    """Average the scores of several tasks."""
    return {
        name: sum(evaluation[name] for evaluation in evaluations) / len(evaluations)
        for name in evaluations[0]
    }


def is_best(evaluations: Sequence[dict[str, float]], select_by: str) -> bool:
    """Whether the last evaluation is better than all before it."""
    if select_by == "last":
        return True

    def rank(evaluation: dict[str, float]) -> tuple[float, float]:
        if select_by == "nll":
            return (-evaluation["nll"], evaluation["accuracy"])
        return (evaluation["accuracy"], -evaluation["nll"])

    return all(rank(evaluations[-1]) > rank(earlier) for earlier in evaluations[:-1])
