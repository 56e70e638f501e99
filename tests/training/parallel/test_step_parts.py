"""A step in parts is the step: the same examples, the same masks, the same gradient."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from crosscal.training.losses import training_loss  # noqa: E402
from crosscal.training.mixing import Step, TrainingTask  # noqa: E402
from crosscal.training.parallel.ranks import ALONE, Ranks  # noqa: E402
from crosscal.training.parallel.step_parts import shares, step_parts  # noqa: E402
from crosscal.training.settings import TrainingSettings  # noqa: E402
from tests.training.conftest import TASK  # noqa: E402
from tests.training.test_masking import running_text  # noqa: E402

CPU = torch.device("cpu")


@pytest.mark.parametrize("size", [1, 2, 3, 8])
@pytest.mark.parametrize("largest", [None, 20, 1])
def test_every_example_is_in_one_part(size, largest):
    rng = np.random.default_rng(0)
    for count in (1, 2, 7, 60):
        lengths = np.sort(rng.integers(2, 15, count))
        parts = [shares(lengths, largest, Ranks(rank, size)) for rank in range(size)]
        flat = [position for own in parts for part in own for position in part]
        assert flat == list(range(count))
        for own in parts:
            tokens = [int(lengths[part].sum()) for part in own]
            assert abs(sum(tokens) - lengths.sum() / size) <= lengths.max() + 1e-9
            if largest is not None:
                assert all(
                    n <= largest or len(part) == 1 for n, part in zip(tokens, own, strict=True)
                )
            else:
                assert len(own) <= 1


@pytest.fixture
def tasks(token_set):
    """A task of labels of which some are not known, and running text; not trained on yet."""
    labels = token_set(12, 1, ids=(10, 250))
    labels.gold[::3] = -1
    text = running_text(12, 9, 2)
    return [
        TrainingTask(name=TASK, examples=labels, development=None, outputs=3),
        TrainingTask(name="text", examples=text, development=None, outputs=0),
    ]


def gradient(model, vocabulary, tasks, step, settings, largest, ranks):
    """Loss and gradients of a process's part of a step, and what it is said to be of."""
    model.zero_grad()
    order = np.argsort(tasks[step.task].examples.lengths[step.groups], kind="stable")
    step = Step(task=step.task, groups=step.groups[order])
    divided = step_parts(tasks, [step], vocabulary, 3, CPU, largest, ranks, 1)
    total = 0.0
    for batch in divided.parts:
        scores = model(batch.packed, batch.scored_positions, tasks[step.task].name)
        loss = training_loss(
            batch.candidate_logits(scores),
            batch.gold,
            settings,
            any_known=batch.any_known,
            n_known=divided.n_known,
        )
        loss.backward()
        total += float(loss.detach())
    grads = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    used = None if divided.used_ids is None else divided.used_ids.tolist()
    return total, grads, (divided.sequences, divided.tokens, used)


@pytest.mark.parametrize("task", [0, 1])
@pytest.mark.parametrize("groups", [[4], [3], [0, 3], [5, 1], list(range(12))])
@pytest.mark.parametrize(
    "changes", [{}, {"focal": 2.0, "label_smoothing": 0.1, "confidence_penalty": 0.2}]
)
def test_parts_sum_to_the_whole(assemble, tasks, task, groups, changes):
    settings = TrainingSettings(**changes)
    model, vocabulary = assemble(
        "bert", *(t.examples for t in tasks), outputs={TASK: 3, "text": 0}, layers=1
    )
    step = Step(task=task, groups=np.array(groups))
    of = partial(gradient, model, vocabulary, tasks, step, settings)
    loss, whole, about = of(None, ALONE)
    for largest, size in ((9, 1), (None, 2), (9, 3), (1, 5)):
        found = [of(largest, Ranks(rank, size)) for rank in range(size)]
        assert all(each[2] == about for each in found)
        # Every process has gradients of the same parameters, were it of nothing.
        assert all(each[1].keys() == whole.keys() for each in found)
        assert sum(each[0] for each in found) == pytest.approx(loss, rel=1e-5, abs=1e-7)
        for name, expected in whole.items():
            total = sum(each[1][name] for each in found)
            torch.testing.assert_close(total, expected, rtol=1e-4, atol=1e-6)


def test_a_step_that_fits_is_not_divided(tasks, assemble):
    _, vocabulary = assemble("bert", *(task.examples for task in tasks))
    step = Step(task=0, groups=np.array([1, 2]))
    for largest in (None, 10**6):
        divided = step_parts(tasks, [step], vocabulary, 3, CPU, largest, ALONE, 1)
        assert len(divided.parts) == 1
        assert divided.n_known is None
