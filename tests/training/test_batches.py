"""Batches: every example once, within the budget, lengths together, order by the seed alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crosscal.training.batches import prediction_order, training_order

lengths_of = st.lists(st.integers(1, 60), min_size=1, max_size=200).map(np.array)
budgets = st.integers(1, 300)


def assert_batches(batches, lengths, budget):
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) > 0
        assert lengths[batch].sum() <= budget or len(batch) == 1
        assert (np.diff(lengths[batch]) >= 0).all()


@given(lengths_of, budgets, st.integers(1, 20), st.integers(0, 5))
def test_training_order(lengths, budget, window, seed):
    def order(number):
        return training_order(
            lengths,
            batch_tokens=budget,
            window_batches=window,
            generator=np.random.default_rng(number),
        )

    batches = order(seed)
    assert_batches(batches, lengths, budget)
    again = order(seed)
    assert [batch.tolist() for batch in batches] == [batch.tolist() for batch in again]


@given(lengths_of, budgets)
def test_prediction_order(lengths, budget):
    batches = prediction_order(lengths, batch_tokens=budget)
    assert_batches(batches, lengths, budget)
    order = np.concatenate(batches)
    assert (np.diff(lengths[order]) >= 0).all()
    ties = np.diff(lengths[order]) == 0
    assert (np.diff(order)[ties] > 0).all()
    # No batch could have taken the next one's first example too.
    for batch, following in pairwise(batches):
        assert lengths[batch].sum() + lengths[following[0]] > budget


def test_seeds_and_epochs_differ_and_windows_bound_what_meets():
    lengths = np.random.default_rng(0).integers(3, 60, 2000)

    def order(generator):
        return training_order(lengths, batch_tokens=600, window_batches=10, generator=generator)

    one, two = (order(np.random.default_rng(seed)) for seed in (1, 2))
    assert np.concatenate(one).tolist() != np.concatenate(two).tolist()
    generator = np.random.default_rng(1)
    epochs = [order(generator), order(generator)]
    assert np.concatenate(epochs[0]).tolist() == np.concatenate(one).tolist()
    assert np.concatenate(epochs[1]).tolist() != np.concatenate(one).tolist()
    # Within a batch lengths are near each other; over neighbouring batches they are not ordered.
    spread = np.mean([np.ptp(lengths[batch]) for batch in one])
    assert spread < 0.25 * np.ptp(lengths)
    means = np.array([lengths[batch].mean() for batch in one])
    assert abs(np.corrcoef(means[:-1], means[1:])[0, 1]) < 0.3
    # Windows hold 10 batches of average length: the first one's examples fill the first batches.
    window = int(10 * 600 / lengths.mean())
    shuffled = np.random.default_rng(1).permutation(2000)[:window]
    first = np.concatenate(one)[:window]
    assert sorted(first.tolist()) == sorted(shuffled.tolist())
