"""Sentences are cut by offsets in every script, and never inside what must stay whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosscal.translation.sentences import sentences


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("He said “Go.” Then he left.", ["He said “Go.”", "Then he left."]),
        ("Mr. Smith met J. R. Tolkien in the U.S. Army.", None),
        ("It cost 3.5 million. In 1990.", ["It cost 3.5 million.", "In 1990."]),
        ("a.b.c is no sentence end. nor is this", None),
        ("第一句。第二句！第三句？", ["第一句。", "第二句！", "第三句？"]),
        ("यह घर है। वह बाग़ है।", ["यह घर है।", "वह बाग़ है।"]),
        ("هل تنام القطة؟ نعم. هي تنام.", ["هل تنام القطة؟", "نعم.", "هي تنام."]),
        ("แมวนอนหลับอยู่บนหลังคาบ้าน", None),
        ("  a line\nanother  \n\n", ["a line", "another"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_by_hand(text, wanted):
    found = [text[a:b] for a, b in sentences(text)]
    assert found == ([text] if wanted is None else wanted)


@given(
    st.text(st.sampled_from(". \n。।؟aB1猫แقم\u0301\u2028"), max_size=40),
    st.tuples(st.integers(0, 40), st.integers(0, 40)),
)
def test_nothing_is_lost_and_whole_stretches_stay_whole(text, stretch):
    found = sentences(text, [stretch])
    assert all(text[a:b] == text[a:b].strip() != "" for a, b in found)
    borders = [0, *(at for span in found for at in span), len(text)]
    assert borders == sorted(borders)
    for a, b in zip(borders[::2], borders[1::2], strict=True):
        assert not text[a:b].strip()
    start, end = stretch
    if start < end <= len(text) and text[start:end].strip():
        solid = range(start, end)
        inside = [at for at in solid if not text[at].isspace()]
        assert sum(a <= inside[0] < b and a <= inside[-1] < b for a, b in found) == 1
