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
from crosscal.tasks import EncodedDataset  # noqa: E402
from crosscal.training.batches import collate  # noqa: E402
from crosscal.training.losses import loss  # noqa: E402
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
        more["rows"] = np.concatenate(rows)
        more["row_offsets"] = np.concatenate([[0], np.cumsum([len(part) for part in rows])])
    if form == "labels":
        gold = rng.integers(-1, 3, groups)
    elif form == "words":
        gold = rng.integers(-1, 4, len(more["rows"]))
    elif form == "group":
        gold = np.array([rng.integers(-1, count) for count in counts])[:, None]
    else:
        places = rng.integers(1, 4, len(more["rows"]))
        counted = np.add.reduceat(places, more["row_offsets"][:-1])
        gold = np.array([rng.integers(-1, count, 2) for count in counted])
        more["arrays"] = {"places": places}
    return EncodedDataset(
        ids=rng.integers(5, 300, offsets[-1]).astype(np.int32),
        types=np.zeros(offsets[-1], dtype=np.uint8),
        offsets=offsets,
        over="labels" if form == "words" else form,
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
        types=torch.zeros_like(places),
        places=places,
        runs=((len(ids), 1),),
    )
    return encode(model.encoder, batch)


def expected_units(model, vocabulary, tokens, form):
    """Return for each unit, by its number, the list of its choices' scores, and its gold."""
    head = model.head(TASK)
    scores = {}  # of (sequence, row within it)
    for sequence in range(len(tokens.offsets) - 1):
        hidden = alone(model, vocabulary, tokens, sequence)
        if len(tokens.rows):
            rows = tokens.rows[tokens.row_offsets[sequence] : tokens.row_offsets[sequence + 1]]
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
        return work.places.tolist()
    if form == "group":
        return chosen.tolist()
    lengths = tokens.lengths[chosen]
    order = chosen[np.argsort(lengths, kind="stable")]
    return [(int(sequence), column) for sequence in order for column in (0, 1)]


def check(model, vocabulary, tokens, chosen, form):
    work = collate(tokens, chosen, vocabulary, COLUMNS[form])
    with torch.no_grad():
        logits = work.logits(model(work.batch, work.rows, TASK))
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
    found = float(loss(logits, work.gold, TrainingSettings()))
    assert found == pytest.approx(np.mean(losses) if losses else 0.0, rel=1e-4, abs=1e-5)
    # All rows of the chosen groups are scored, each once.
    sequences = [s for g in chosen for s in range(tokens.groups[g], tokens.groups[g + 1])]
    rows = [r for s in sequences for r in range(tokens.row_offsets[s], tokens.row_offsets[s + 1])]
    assert sorted(work.places.tolist()) == sorted(rows)


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
    parts = (moved.batch.ids, moved.rows, moved.answers, moved.gold)
    assert {part.device.type for part in parts} == {"meta"}
    assert moved.places is work.places
    whole = collate(drawn("labels", 2), np.arange(3), vocabulary, 3).to(torch.device("meta"))
    assert whole.rows is None
    assert whole.answers is None
