"""Batches: every example once, within the budget, lengths together, order by the seed alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from crosscal.encoders.vocabulary import Vocabulary  # noqa: E402
from crosscal.training.batches import (  # noqa: E402
    collate,
    lay_out,
    prediction_order,
    spans,
    training_order,
)

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


def test_collate_lays_examples_end_to_end(token_set):
    tokens = token_set(30, 4)
    chosen = prediction_order(tokens.lengths, batch_tokens=90)[1]
    vocabulary = Vocabulary.of([tokens.ids], pad=1)
    work = collate(tokens, chosen, vocabulary, 3)
    batch = work.batch
    assert work.rows is None
    assert work.answers is None
    assert work.gold.tolist() == tokens.gold[chosen].tolist()
    assert work.places.tolist() == chosen.tolist()
    assert batch.size == len(chosen)
    start = 0
    for i in chosen:
        ids = tokens.ids[tokens.offsets[i] : tokens.offsets[i + 1]]
        part = slice(start, start + len(ids))
        assert (vocabulary.kept[batch.ids[part].numpy()] == ids).all()
        assert batch.places[part].tolist() == list(range(len(ids)))
        start += len(ids)
    assert start == len(batch.ids) == len(batch.types) == sum(n * count for n, count in batch.runs)
    assert {t.dtype for t in (batch.ids, batch.types, batch.places)} == {torch.int64}
    assert [n for n, count in batch.runs for _ in range(count)] == tokens.lengths[chosen].tolist()


def test_collate_sorts_by_length(token_set):
    """Batches are laid out in runs of equal length, in whichever order groups are chosen."""
    tokens = token_set(30, 4)
    order = np.argsort(tokens.lengths, kind="stable")
    shuffled = np.random.default_rng(0).permutation(order)
    work = collate(tokens, shuffled, Vocabulary.full(300), 3)
    lengths = tokens.lengths[work.places]
    assert (np.diff(lengths) >= 0).all()
    assert sorted(work.places.tolist()) == list(range(30))
    assert work.gold.tolist() == tokens.gold[work.places].tolist()
    # Ties stay in the order chosen.
    for length in np.unique(lengths):
        expected = [i for i in shuffled if tokens.lengths[i] == length]
        assert work.places[lengths == length].tolist() == expected


def test_unsorted_sequences_and_unknown_ids_are_refused(token_set):
    tokens = token_set(30, 4)
    order = np.argsort(tokens.lengths)[::-1].copy()
    ids = tokens.ids[spans(tokens.offsets, order)].astype(np.int64)
    with pytest.raises(ValueError, match="sorted by length"):
        lay_out(tokens, order, ids)
    with pytest.raises(KeyError, match="not in the trimmed vocabulary"):
        collate(tokens, order, Vocabulary.of([tokens.ids[:5]], pad=1), 3)
