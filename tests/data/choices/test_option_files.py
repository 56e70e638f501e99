"""What the sets of questions share, and the published files."""

from __future__ import annotations

from collections import Counter

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import SettingsError
from tests.data.choices.samples import SOCIAL
from tests.data.conftest import jsonl


def test_english_sets_have_no_other_language(write):
    path = write("dev.jsonl", jsonl(SOCIAL))
    with pytest.raises(SettingsError, match="holds en, not 'tr'"):
        read_examples("siqa", path, languages=("tr",))


@pytest.mark.parametrize(
    ("format", "folder", "split", "rows", "clusters"),
    [
        ("hellaswag", "hellaswag", "val", 10_042, 10_018),
        ("commonsenseqa", "commonsenseqa", "dev", 1221, 785),
        ("cosmosqa", "cosmosqa", "valid", 2985, 2445),
        ("siqa", "siqa", "dev", 1954, 1930),
        ("siqa", "siqa", "test", 2224, 2203),
        ("copa", "xcopa", "train", 400, 400),
    ],
)
def test_real_counts(real_data, format, folder, split, rows, clusters):
    reading = read_examples(format, real_data / folder, split=split)
    assert len(reading.examples) == rows
    assert len({e.cluster_id for e in reading.examples}) == clusters
    assert reading.dropped == {}
    counts = Counter(e.answer for e in reading.examples)
    assert sorted(counts) == list(range(len(reading.examples[0].options)))
    assert min(counts.values()) > 0.75 * max(counts.values())
