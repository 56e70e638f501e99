"""Development scores, and which of them is the best."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from crosscal.training.collate import collate  # noqa: E402
from crosscal.training.evaluation import evaluate, is_best  # noqa: E402
from tests.training.conftest import TASK, parts  # noqa: E402


@pytest.fixture
def data(token_set):
    return token_set(40, 1), token_set(12, 2)


def scores_of(model, tokens, chosen, vocabulary):
    work = collate(tokens, chosen, vocabulary, 3)
    return work.candidate_logits(model(work.packed, work.scored_positions, TASK))


def test_nll_breaks_ties_of_accuracy_and_back():
    def best(values, select_by):
        evaluations = []
        found = 0
        for number, (accuracy, nll) in enumerate(values, start=1):
            evaluations.append({"accuracy": accuracy, "nll": nll})
            if is_best(evaluations, select_by):
                found = number
        return found

    assert best([(0.5, 1.0), (0.6, 1.0)], "nll") == 2
    assert best([(0.6, 1.0), (0.5, 1.0)], "nll") == 1
    assert best([(0.5, 1.0), (0.5, 0.9), (0.5, 0.9)], "accuracy") == 2


def test_evaluation_in_numbers(assemble, data):
    model, vocabulary = assemble("bert", *data)
    found = evaluate(model, vocabulary, *parts(*data), 15)
    with torch.no_grad():
        scores = torch.cat(
            [scores_of(model, data[1], np.array([i]), vocabulary) for i in range(len(data[1]))]
        ).double()
    gold = torch.from_numpy(data[1].gold.astype(np.int64))
    guess = scores.argmax(1)
    nll = -scores.log_softmax(1)[torch.arange(12), gold].mean()
    assert found["accuracy"] == float((guess == gold).double().mean())
    assert found["nll"] == pytest.approx(float(nll), abs=1e-5)
    assert found["share"] == max(torch.bincount(guess).tolist()) / 12
