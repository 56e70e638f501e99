"""Sentences of several languages, divided into languages and sides."""

from __future__ import annotations

import numpy as np
import pytest

from crosscal.data.examples import SentenceExample
from crosscal.tasks.retrieval.search import by_language

COUNTS = {"de": (3, 2), "th": (2, 4)}


def sentences():
    return [
        SentenceExample(f"{code}-{english}-{i}", "c", code, english, str(i), "x", ())
        for code, counts in COUNTS.items()
        for english, count in zip((False, True), counts, strict=True)
        for i in range(count)
    ]


@pytest.mark.parametrize("shape", [(11, 2), (4, 11, 2)])
def test_vectors_of_each_side_are_not_copied(tmp_path, shape):
    given = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    np.save(tmp_path / "vectors.npy", given)
    vectors = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    found = dict(by_language(sentences(), vectors))
    assert list(found) == list(COUNTS)
    start = 0
    for code, counts in COUNTS.items():
        sides = found[code]
        assert (len(sides.other), len(sides.english)) == counts
        for rows, count in zip((sides.other_rows, sides.english_rows), counts, strict=True):
            np.testing.assert_array_equal(rows, given[..., start : start + count, :])
            assert np.shares_memory(rows, vectors)
            start += count


def test_sides_may_be_mixed():
    examples = sentences()[:5]
    mixed = [examples[i] for i in (3, 0, 4, 2, 1)]
    vectors = np.arange(10, dtype=np.float32).reshape(5, 2)
    ((_, sides),) = by_language(mixed, vectors)
    assert [e.unit_id for e in sides.other] == [mixed[i].unit_id for i in (1, 3, 4)]
    np.testing.assert_array_equal(sides.other_rows, vectors[[1, 3, 4]])
    np.testing.assert_array_equal(sides.english_rows, vectors[[0, 2]])
