"""Means of several models' probabilities, against a reading of the definition row by row."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from crosscal.tasks import EncodedDataset, mean_scores

# Rows of each sequence, and how many places each of them has.
PLACES = [[1, 3, 2], [1], [1, 1, 2, 3]]
COUNTS = [len(part) for part in PLACES]


def token_set(over):
    bounds = np.cumsum([0, *COUNTS])
    rows = int(bounds[-1])
    one_each = np.arange(rows + 1)
    return EncodedDataset(
        ids=np.arange(rows, dtype=np.int32),
        token_type_ids=np.zeros(rows, dtype=np.uint8),
        offsets=bounds if over == "sequence" else one_each,
        softmax_over=over,
        groups=bounds if over == "group" else np.empty(0, dtype=np.int64),
        scored_positions=np.arange(rows) if over == "sequence" else np.empty(0, dtype=np.int64),
        row_offsets=bounds if over == "sequence" else np.empty(0, dtype=np.int64),
        gold=np.zeros((len(COUNTS), 1), dtype=np.int32),
        units=pa.table({"unit_id": [str(i) for i in range(len(COUNTS))]}),
        arrays={"places": np.concatenate(PLACES)} if over == "sequence" else {},
    )


def competitions(over):
    """Return the lists of (row, column) that share the probability 1."""
    rows = sum(COUNTS)
    if over == "labels":
        return [[(row, column) for column in range(4)] for row in range(rows)]
    found, first = [], 0
    for places in PLACES:
        members = range(first, first + len(places))
        first += len(places)
        if over == "group":
            found.append([(row, 0) for row in members])
        for side in (0, 1) if over == "sequence" else ():
            found.append(
                [
                    (row, 3 * side + place)
                    for row, count in zip(members, places, strict=True)
                    for place in range(count)
                ]
            )
    return found


@pytest.mark.parametrize(("over", "columns"), [("labels", 4), ("group", 1), ("sequence", 6)])
def test_the_mean_is_that_of_probabilities(over, columns):
    rng = np.random.default_rng(3)
    each = rng.normal(0, 40, (5, sum(COUNTS), columns)).astype(np.float32)
    found = mean_scores(token_set(over), list(each))
    assert np.isfinite(found).all()
    for choices in competitions(over):
        expected = np.zeros(len(choices))
        for scores in each:
            values = [float(scores[choice]) for choice in choices]
            top = max(values)
            total = math.fsum(math.exp(value - top) for value in values)
            expected += [math.exp(value - top) / total / len(each) for value in values]
        shares = np.exp([float(found[choice]) for choice in choices])
        assert shares == pytest.approx(expected, rel=1e-4, abs=1e-12)
        assert shares.sum() == pytest.approx(1, rel=1e-4)
