"""MLQA."""

from __future__ import annotations

from collections import Counter

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError
from tests.data.spans.samples import CONTEXTS, of


@pytest.mark.parametrize("folder", ["", "test/", "MLQA_V1/test/"])
def test_mlqa_folders(write, tmp_path, folder):
    for context, args in (("zh", "zh"), ("hi", "hi"), ("zh", "hi")):
        write(f"{folder}test-context-{context}-question-{args}.json", of(context))
    reading = read_examples("mlqa", tmp_path, split="test", languages=("zh", "hi"))
    assert [e.context for e in reading.examples] == [CONTEXTS["zh"][0], CONTEXTS["hi"][0]]
    assert not reading.parallel
    assert [e.cluster_id for e in reading.examples] == ["zh/test-00000", "hi/test-00000"]
    across = tmp_path / f"{folder}{{split}}-context-zh-question-{{language}}.json"
    (example,) = read_examples("squad", across, split="test", languages=("hi",)).examples
    assert example.context == CONTEXTS["zh"][0]
    with pytest.raises(DataError, match="there is no"):
        read_examples("mlqa", tmp_path, split="test", languages=("en",))


def test_real_mlqa(real_data):
    reading = read_examples("mlqa", real_data / "mlqa", split="dev", languages=("de", "en"))
    assert Counter(e.language for e in reading.examples) == {"de": 512, "en": 1148}
