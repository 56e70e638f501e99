"""Batches of every form: what is scored, what competes, and which choice is right.

The reference runs every sequence alone and goes choice by choice in plain lists.
"""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from crosscal.encoders.packing import PackedBatch, encode  # noqa: E402
from crosscal.encoders.vocabulary import Vocabulary  # noqa: E402
from crosscal.tasks import EncodedDataset  # noqa: E402
from crosscal.training.batches import prediction_order  # noqa: E402
from crosscal.training.collate import collate, pack, ragged_indices  # noqa: E402
from crosscal.training.losses import training_loss  # noqa: E402
from crosscal.training.settings import TrainingSettings  # noqa: E402
from tests.training.conftest import TASK  # noqa: E402

FORMS = ("labels", "words", "group", "sequence")
COLUMNS = {"labels": 3, "words": 4, "group": 1, "sequence": 6}
KINDS = ("bert", "xlm-roberta", "deberta-v2")
TOLERANCE = {"atol": 1e-5, "rtol": 1e-4}


def drawn(form, seed, groups=7):
    """Draw a set of one of the four forms; some gold is not known."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(2, 6, groups) if form == "group" else np.ones(groups, dtype=int)
    sequences = int(counts.sum())
    lengths = rng.integers(2, 12, sequences)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    more = {}
    if form in ("words", "sequence"):
        rows = []
        for start, length in zip(offsets[:-1], lengths, strict=True):
            # At least one of them, and of words now and then none.
            least = 1 if form == "sequence" or rng.random() < 0.8 else 0
            chosen = rng.random(length) < 0.5
            chosen[0] |= least
            rows.append(start + np.flatnonzero(chosen))
        more["scored_positions"] = np.concatenate(rows)
        more["row_offsets"] = np.concatenate([[0], np.cumsum([len(part) for part in rows])])
    if form == "labels":
        gold = rng.integers(-1, 3, groups)
    elif form == "words":
        gold = rng.integers(-1, 4, len(more["scored_positions"]))
    elif form == "group":
        gold = np.array([rng.integers(-1, count) for count in counts])[:, None]
    else:
        places = rng.integers(1, 4, len(more["scored_positions"]))
        counted = np.add.reduceat(places, more["row_offsets"][:-1])
        gold = np.array([rng.integers(-1, count, 2) for count in counted])
        more["arrays"] = {"places": places}
    return EncodedDataset(
        ids=rng.integers(5, 300, offsets[-1]).astype(np.int32),
        token_type_ids=np.zeros(offsets[-1], dtype=np.uint8),
        offsets=offsets,
        softmax_over="labels" if form == "words" else form,
        groups=np.concatenate([[0], np.cumsum(counts)]),
        gold=gold.astype(np.int32),
        units=pa.table({"unit_id": [f"u{i}" for i in range(groups)]}),
        **more,
    )


def alone(model, vocabulary, tokens, sequence):
    """Hidden states of one sequence by itself."""
    ids = tokens.ids[tokens.offsets[sequence] : tokens.offsets[sequence + 1]]
    places = torch.arange(len(ids))
    batch = PackedBatch(
        ids=torch.from_numpy(vocabulary.rows(ids)),
        token_type_ids=torch.zeros_like(places),
        position_ids=places,
        length_groups=((len(ids), 1),),
    )
    return encode(model.encoder, batch)


def expected_units(model, vocabulary, tokens, form):
    """Return for each unit, by its number, the list of its choices' scores, and its gold."""
    head = model.head(TASK)
    scores = {}  # of (sequence, row within it)
    for sequence in range(len(tokens.offsets) - 1):
        hidden = alone(model, vocabulary, tokens, sequence)
        if len(tokens.scored_positions):
            rows = tokens.scored_positions[
                tokens.row_offsets[sequence] : tokens.row_offsets[sequence + 1]
            ]
            seen = [hidden[row - tokens.offsets[sequence]] for row in rows]
        else:
            seen = [sum(hidden) / len(hidden)]
        for number, vector in enumerate(seen):
            scores[sequence, number] = (head.weight @ vector + head.bias).tolist()
    units = {}
    if form in ("labels", "words"):
        for number, key in enumerate(sorted(scores)):
            units[number] = (scores[key], int(tokens.gold[number]))
    elif form == "group":
        for group in range(len(tokens)):
            members = range(tokens.groups[group], tokens.groups[group + 1])
            units[group] = ([scores[m, 0][0] for m in members], int(tokens.gold[group, 0]))
    else:
        for sequence in range(len(tokens)):
            first = tokens.row_offsets[sequence]
            for side in (0, 1):
                choices = [
                    scores[sequence, row][3 * side + place]
                    for row in range(tokens.row_offsets[sequence + 1] - first)
                    for place in range(tokens.arrays["places"][first + row])
                ]
                units[sequence, side] = (choices, int(tokens.gold[sequence, side]))
    return units


def units_of(work, tokens, chosen, form):
    """Name the units of a batch in its order."""
    if form in ("labels", "words"):
        return work.dataset_rows.tolist()
    if form == "group":
        return chosen.tolist()
    lengths = tokens.lengths[chosen]
    order = chosen[np.argsort(lengths, kind="stable")]
    return [(int(sequence), column) for sequence in order for column in (0, 1)]


def check(model, vocabulary, tokens, chosen, form):
    work = collate(tokens, chosen, vocabulary, COLUMNS[form])
    with torch.no_grad():
        logits = work.candidate_logits(model(work.packed, work.scored_positions, TASK))
        expected = expected_units(model, vocabulary, tokens, form)
    names = units_of(work, tokens, chosen, form)
    assert len(names) == len(set(names)) == len(logits) == len(work.gold)
    losses = []
    for name, row, gold in zip(names, logits, work.gold.tolist(), strict=True):
        choices, right = expected[name]
        there = row[torch.isfinite(row)]
        assert torch.isfinite(row[: len(choices)]).all()
        torch.testing.assert_close(there, torch.tensor(choices), **TOLERANCE)
        assert gold == right
        if right >= 0:
            top = max(choices)
            total = top + math.log(sum(math.exp(value - top) for value in choices))
            losses.append(total - choices[right])
    found = float(training_loss(logits, work.gold, TrainingSettings()))
    assert found == pytest.approx(np.mean(losses) if losses else 0.0, rel=1e-4, abs=1e-5)
    # All rows of the chosen groups are scored, each once.
    sequences = [s for g in chosen for s in range(tokens.groups[g], tokens.groups[g + 1])]
    rows = [r for s in sequences for r in range(tokens.row_offsets[s], tokens.row_offsets[s + 1])]
    assert sorted(work.dataset_rows.tolist()) == sorted(rows)


@pytest.fixture(scope="module")
def models(assemble):
    """Return a function to a model over the full vocabulary, whose head matters."""
    made = {}

    def get(kind, form):
        if (kind, form) not in made:
            model, vocabulary = assemble(kind, trim=False, outputs={TASK: COLUMNS[form]}, layers=1)
            generator = torch.Generator().manual_seed(1)
            with torch.no_grad():
                model.head(TASK).weight.normal_(generator=generator)
                model.head(TASK).bias.normal_(generator=generator)
            made[kind, form] = model.eval(), vocabulary
        return made[kind, form]

    return get


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_whole_sets(models, kind, form):
    tokens = drawn(form, 1)
    check(*models(kind, form), tokens, np.random.default_rng(0).permutation(len(tokens)), form)


@pytest.mark.parametrize("form", FORMS)
@given(st.integers(0, 10_000), st.data())
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_batch_of_any_set(models, form, seed, data):
    tokens = drawn(form, seed)
    chosen = data.draw(
        st.lists(st.integers(0, len(tokens) - 1), min_size=1, max_size=len(tokens), unique=True)
    )
    if form == "words" and not sum(np.diff(tokens.row_offsets)[chosen]):
        return  # a sentence always has words
    check(*models("bert", form), tokens, np.array(chosen), form)


def test_groups_stay_together():
    """Batches are made of groups: their lengths are those of all options."""
    tokens = drawn("group", 3)
    for group in range(len(tokens)):
        members = range(tokens.groups[group], tokens.groups[group + 1])
        lengths = [int(tokens.offsets[m + 1] - tokens.offsets[m]) for m in members]
        assert tokens.lengths[group] == sum(lengths)


def test_work_moves_as_a_whole(models):
    tokens = drawn("sequence", 2)
    _, vocabulary = models("bert", "sequence")
    work = collate(tokens, np.arange(3), vocabulary, COLUMNS["sequence"])
    moved = work.to(torch.device("meta"))
    parts = (moved.packed.ids, moved.scored_positions, moved.candidate_index, moved.gold)
    assert {part.device.type for part in parts} == {"meta"}
    assert moved.dataset_rows is work.dataset_rows
    whole = collate(drawn("labels", 2), np.arange(3), vocabulary, 3).to(torch.device("meta"))
    assert whole.scored_positions is None
    assert whole.candidate_index is None


def test_collate_concatenates_examples(token_set):
    tokens = token_set(30, 4)
    chosen = prediction_order(tokens.lengths, batch_tokens=90)[1]
    vocabulary = Vocabulary.of([tokens.ids], pad=1)
    work = collate(tokens, chosen, vocabulary, 3)
    batch = work.packed
    assert work.scored_positions is None
    assert work.candidate_index is None
    assert work.gold.tolist() == tokens.gold[chosen].tolist()
    assert work.dataset_rows.tolist() == chosen.tolist()
    assert batch.size == len(chosen)
    start = 0
    for i in chosen:
        ids = tokens.ids[tokens.offsets[i] : tokens.offsets[i + 1]]
        part = slice(start, start + len(ids))
        assert (vocabulary.ids[batch.ids[part].numpy()] == ids).all()
        assert batch.position_ids[part].tolist() == list(range(len(ids)))
        start += len(ids)
    assert (
        start
        == len(batch.ids)
        == len(batch.token_type_ids)
        == sum(n * count for n, count in batch.length_groups)
    )
    assert {t.dtype for t in (batch.ids, batch.token_type_ids, batch.position_ids)} == {torch.int64}
    assert [n for n, count in batch.length_groups for _ in range(count)] == tokens.lengths[
        chosen
    ].tolist()


def test_collate_sorts_by_length(token_set):
    """Batches hold groups of equal length, in whichever order groups are chosen."""
    tokens = token_set(30, 4)
    order = np.argsort(tokens.lengths, kind="stable")
    shuffled = np.random.default_rng(0).permutation(order)
    work = collate(tokens, shuffled, Vocabulary.full(300), 3)
    lengths = tokens.lengths[work.dataset_rows]
    assert (np.diff(lengths) >= 0).all()
    assert sorted(work.dataset_rows.tolist()) == list(range(30))
    assert work.gold.tolist() == tokens.gold[work.dataset_rows].tolist()
    # Ties stay in the order chosen.
    for length in np.unique(lengths):
        expected = [i for i in shuffled if tokens.lengths[i] == length]
        assert work.dataset_rows[lengths == length].tolist() == expected


def test_unsorted_sequences_and_unknown_ids_are_refused(token_set):
    tokens = token_set(30, 4)
    order = np.argsort(tokens.lengths)[::-1].copy()
    ids = tokens.ids[ragged_indices(tokens.offsets, order)].astype(np.int64)
    with pytest.raises(ValueError, match="sorted by length"):
        pack(tokens, order, ids)
    with pytest.raises(KeyError, match="not in the trimmed vocabulary"):
        collate(tokens, order, Vocabulary.of([tokens.ids[:5]], pad=1), 3)
