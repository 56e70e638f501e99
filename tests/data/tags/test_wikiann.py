"""WikiANN as published."""

from __future__ import annotations

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError
from tests.data.tags.samples import sentences


@pytest.mark.parametrize("name", ["he/dev", "he-dev"])
def test_wikiann_loses_its_languages(write, tmp_path, name):
    write(name, "he:חיפה\tB-LOC\nhe:a:b\tO\n\nhe:he:\tO\n")
    reading = read_examples("wikiann", tmp_path, split="dev", languages=("he",))
    assert sentences(reading) == [(("חיפה", "a:b"), ("B-LOC", "O")), (("he:",), ("O",))]


def test_wikiann_checks_the_language(write, tmp_path):
    file = write("en/dev", "en:a\tO\nar:b\tO\n")
    with pytest.raises(DataError, match="'ar:b' does not begin with 'en:'") as caught:
        read_examples("wikiann", tmp_path, split="dev")
    assert caught.value.where == f"{file}:2"
