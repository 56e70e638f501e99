"""XQuAD."""

from __future__ import annotations

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError, SettingsError
from tests.data.spans.samples import CONTEXTS, actual, of, plainly


def test_xquad_shares_questions(write, tmp_path):
    for language in CONTEXTS:
        write(f"xquad.{language}.json", of(language, "a", "b"))
    reading = read_examples("xquad", tmp_path, split="test", languages=tuple(CONTEXTS))
    assert reading.parallel
    assert {e.unit_id for e in reading.examples} == {"test-00000", "test-00001"}
    assert {e.cluster_id for e in reading.examples} == {"test-00000"}
    write("xquad.hi.json", of("hi", "a", "c"))
    with pytest.raises(DataError, match="id 'c' in 'hi' but 'b' in 'en'"):
        read_examples("xquad", tmp_path, split="test", languages=("en", "hi"))
    write("xquad.hi.json", of("hi", "a"))
    with pytest.raises(DataError, match="1 rows in 'hi' but 2 in 'en'"):
        read_examples("xquad", tmp_path, split="test", languages=("en", "hi"))
    with pytest.raises(SettingsError, match="no split 'train'.*train and develop on SQuAD"):
        read_examples("xquad", tmp_path, split="train")


XQUAD = ("en", "ar", "de", "el", "es", "hi", "ru", "th", "tr", "vi", "zh")


def test_real_xquad(real_data):
    reading = read_examples("xquad", real_data / "xquad", split="test", languages=XQUAD)
    assert len(reading.examples) == 1190 * 11
    assert len({e.unit_id for e in reading.examples}) == 1190
    assert len({e.cluster_id for e in reading.examples}) == 240
    for language in XQUAD:
        part = [e for e in reading.examples if e.language == language]
        assert actual(part) == plainly(real_data / "xquad" / f"xquad.{language}.json")
        for e in part:
            assert all(e.context[a.start :].startswith(a.text) for a in e.answers)
