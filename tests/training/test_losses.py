"""Losses: equal to torch's where torch has them, to closed forms elsewhere, never NaN."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from torch.nn.functional import cross_entropy  # noqa: E402

from crosscal.training.losses import training_loss  # noqa: E402
from crosscal.training.settings import TrainingSettings  # noqa: E402

PLAIN = TrainingSettings()


def drawn(rows, columns, seed, absent=0.0):
    """Draw logits, some of them absent, and gold that is never absent."""
    rng = np.random.default_rng(seed)
    logits = torch.from_numpy(rng.normal(0, 2, (rows, columns))).float()
    gold = torch.from_numpy(rng.integers(0, columns, rows))
    away = torch.from_numpy(rng.random((rows, columns)) < absent)
    away[torch.arange(rows), gold] = False
    return logits.masked_fill(away, -torch.inf).requires_grad_(), gold


def by_hand(logits, gold, settings):
    """Go row by row, choice by choice, in double precision."""
    losses = []
    for row, right in zip(logits.detach().double().tolist(), gold.tolist(), strict=True):
        if right < 0:
            continue
        there = [value for value in row if value > -np.inf]
        total = np.log(np.sum(np.exp(np.array(there) - max(there)))) + max(there)
        logs = [value - total for value in there]
        a, k = settings.label_smoothing, len(there)
        value = -(1 - a) * (row[right] - total) - a / k * sum(logs)
        value *= (1 - np.exp(row[right] - total)) ** settings.focal
        entropy = -sum(np.exp(log) * log for log in logs)
        losses.append(value - settings.confidence_penalty * entropy)
    return np.mean(losses)


@pytest.mark.parametrize("columns", [2, 3, 17])
def test_plain_is_cross_entropy(columns):
    logits, gold = drawn(40, columns, 1)
    assert torch.equal(training_loss(logits, gold, PLAIN), cross_entropy(logits, gold))
    gold[::3] = -1
    expected = cross_entropy(logits[gold >= 0], gold[gold >= 0])
    torch.testing.assert_close(training_loss(logits, gold, PLAIN), expected)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
@pytest.mark.parametrize("columns", [2, 3, 17])
def test_label_smoothing_is_torchs(columns, share):
    logits, gold = drawn(40, columns, 2)
    gold[::4] = -1
    settings = TrainingSettings(label_smoothing=share)
    found = training_loss(logits, gold, settings)
    expected = cross_entropy(logits, gold, label_smoothing=share, ignore_index=-1)
    torch.testing.assert_close(found, expected)
    ours, theirs = (torch.autograd.grad(value, logits)[0] for value in (found, expected))
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"label_smoothing": 0.1},
        {"focal": 2.0},
        {"focal": 0.5},
        {"confidence_penalty": 0.3},
        {"label_smoothing": 0.2, "focal": 3.0, "confidence_penalty": 0.1},
    ],
)
@pytest.mark.parametrize("absent", [0.0, 0.4])
def test_closed_forms(changes, absent):
    logits, gold = drawn(30, 6, 3, absent)
    gold[5:9] = -1
    settings = TrainingSettings(**changes)
    found = float(training_loss(logits, gold, settings).detach())
    assert found == pytest.approx(by_hand(logits, gold, settings), rel=1e-5)


def test_focal_weighs_down_what_is_known_already():
    logits = torch.tensor([[0.0, np.log(9.0)]])  # p = 0.1 and 0.9
    for right, p in ((0, 0.1), (1, 0.9)):
        found = training_loss(logits, torch.tensor([right]), TrainingSettings(focal=2.0))
        assert float(found) == pytest.approx(-np.log(p) * (1 - p) ** 2, rel=1e-5)


def test_penalty_rewards_doubt():
    settings = TrainingSettings(confidence_penalty=1.0)
    sure, unsure = (torch.tensor([[0.0, value]]) for value in (8.0, 0.0))
    gold = torch.tensor([0])
    gains = [
        float(training_loss(x, gold, PLAIN) - training_loss(x, gold, settings))
        for x in (sure, unsure)
    ]
    assert gains[1] == pytest.approx(np.log(2), rel=1e-5)
    assert 0 < gains[0] < 0.01


options = st.fixed_dictionaries(
    {
        "label_smoothing": st.sampled_from([0.0, 0.1, 0.9]),
        "focal": st.sampled_from([0.0, 0.3, 1.0, 5.0]),
        "confidence_penalty": st.sampled_from([0.0, 0.5]),
    }
)
extreme = st.sampled_from([0.0, 1.0, -1.0, 30.0, -30.0, 1e4, -1e4])


@given(
    options,
    st.lists(
        st.lists(st.tuples(extreme, st.booleans()), min_size=3, max_size=3), min_size=1, max_size=5
    ),
    st.data(),
)
def test_loss_and_gradient_are_always_finite(changes, rows, data):
    """Absent choices, certain ones, unknown gold, one choice alone."""
    logits = torch.tensor([[value for value, _ in row] for row in rows])
    away = torch.tensor([[gone for _, gone in row] for row in rows])
    away[:, 0] &= ~away.all(dim=1)
    logits = logits.masked_fill(away, -torch.inf).requires_grad_()
    gold = torch.tensor(
        [
            data.draw(st.sampled_from([-1, *torch.where(torch.isfinite(row))[0].tolist()]))
            for row in logits
        ]
    )
    value = training_loss(logits, gold, TrainingSettings(**changes))
    (gradient,) = torch.autograd.grad(value, logits)
    assert torch.isfinite(value)
    assert torch.isfinite(gradient).all()
    assert not gradient[away].any()
    assert not gradient[gold < 0].any()


def test_no_gold_is_no_loss():
    logits, _ = drawn(4, 3, 5)
    for settings in (PLAIN, TrainingSettings(label_smoothing=0.1, focal=2.0)):
        found = training_loss(logits, torch.full((4,), -1), settings)
        assert found.item() == 0.0
        assert not torch.autograd.grad(found, logits)[0].any()
