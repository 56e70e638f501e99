"""XNLI as published, all languages in one file."""

from __future__ import annotations

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError
from tests.data.conftest import NLI
from tests.data.pairs.samples import original, rows


def test_original_file_holds_all_languages(write, tmp_path):
    write("xnli.dev.tsv", original(("ar", "en", "zh")))
    reading = read_examples(
        "xnli-original", tmp_path, split="dev", languages=("zh", "ar"), labels=NLI
    )
    assert [(e.text_a, e.text_b, e.label) for e in reading.examples] == rows("zh") + rows("ar")
    assert len({e.cluster_id for e in reading.examples}) == 2
    direct = read_examples("xnli-original", tmp_path / "xnli.dev.tsv", split="dev", labels=NLI)
    assert [e.unit_id for e in direct.examples] == [f"dev-{i:05d}" for i in range(6)]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"pairID": "77"}, "pairID '77' in 'zh' where 'en' has '4'"),
        ({"gold_label": "maybe"}, "unknown label 'maybe'"),
        ({"gold_label": "-"}, "has no label"),
        ({"sentence2": "  "}, "second text is empty"),
        ({"language": "xx"}, "pairID '5' in 'zh' where 'en' has '4'"),
    ],
)
def test_original_refuses(write, change, what):
    path = write("xnli.dev.tsv", original(("en", "zh"), **change))
    with pytest.raises(DataError, match=what):
        read_examples("xnli-original", path, languages=("en", "zh"), labels=NLI)


def test_original_without_a_language_names_the_nearest(write):
    path = write("xnli.dev.tsv", original(("en", "zh")))
    with pytest.raises(DataError, match="no language 'zn'.*Did you mean 'zh'"):
        read_examples("xnli-original", path, languages=("zn",), labels=NLI)
