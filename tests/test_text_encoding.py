"""One rule for the encoding of text files: what they show, else UTF-8, else what a user names."""

import random

import pytest

from crosscal.exceptions import DataError, SettingsError
from crosscal.text_encoding import find_encoding, not_in_encoding, reads_as_utf8

# Scripts whose letters are, in two bytes, full of the bytes of ASCII's separators and controls.
TEXTS = {
    "English": "text\tlabel\nIt rains, again.\tpos\n",
    "Russian": "текст\tlabel\nЭто хорошо\tpos\n",
    "Arabic": "نص\tlabel\nهذا جيد\tpos\n",
    "Hindi": "पाठ\tlabel\nयह अच्छा है\tpos\n",
    "Punjabi": "ਪਾਠ\tlabel\nਇਹ ਚੰਗਾ ਹੈ\tpos\n",
    "Thai": "สวัสดีครับผมชื่อสมชาย\tpos\n" * 3,
    "Chinese": "今天天气很好一二三\t好\n他来了本丠\t坏\n",
    "JSON": '{"text": "一二本", "label": "好"}\n',
    "beyond 65,535": "𠀀𠀁😀\tpos\n",
}
ENCODINGS = ["utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "utf-8"]


@pytest.mark.parametrize("encoding", [*ENCODINGS, "utf-8-sig"])
@pytest.mark.parametrize("name", TEXTS)
def test_unicode_is_recognised_with_a_mark_and_without(name, encoding):
    content = TEXTS[name].encode(encoding)
    assert find_encoding(content, None, where="f") == encoding.removesuffix("-sig")


@pytest.mark.parametrize("seed", range(200))
def test_random_tables_are_recognised_or_asked_about(seed):
    rng = random.Random(seed)
    blocks = [(0x20, 0x7E), (0x410, 0x44F), (0x905, 0x939), (0xE01, 0xE30), (0x4E00, 0x9FA5)]
    blocks += [(0x621, 0x64A), (0x1100, 0x1112), (0xAC00, 0xD7A3), (0x1F300, 0x1F5FF)]
    low, high = rng.choice(blocks)
    word = lambda: "".join(chr(rng.randint(low, high)) for _ in range(rng.randint(1, 12)))  # noqa: E731
    text = "".join(f"{word()}\t{word()}\n" for _ in range(rng.randint(1, 30)))
    encoding = rng.choice(ENCODINGS)
    try:
        found = find_encoding(text.encode(encoding), None, where="f")
    except DataError:
        return
    assert found == encoding


@pytest.mark.parametrize(
    "content",
    [b"a\nb\0c\n", b"text\n" * 50 + b"a \0b\n", b"ab \0", "Größe \0\n".encode() * 3, b"\0"],
)
def test_zero_bytes_that_came_into_a_text_make_it_no_utf16(content):
    assert find_encoding(content, None, where="f") == "utf-8"


def test_text_of_both_byte_orders_is_asked_about():
    content = "a\u0a00\u2000b\n \0".encode("utf-16-le")[:-2]
    with pytest.raises(DataError, match="could be UTF-16-"):
        find_encoding(content, None, where="f")
    assert find_encoding(content, "utf-16-be", where="f") == "utf-16-be"


def test_what_a_user_names_is_taken_unless_a_mark_says_another():
    assert find_encoding(b"\xe9", "Latin1", where="f") == "iso8859-1"
    assert find_encoding("é\n".encode("utf-8-sig"), "utf8", where="f") == "utf-8"
    assert find_encoding("é\n".encode("utf-16"), "UTF-16", where="f") == "utf-16"
    # Python alone would take this machine's byte order.
    assert find_encoding("é\n".encode("utf-16-be"), "utf-16", where="f") == "utf-16-be"
    assert find_encoding(b"p0", "utf-8-sig", where="f") == "utf-8"
    with pytest.raises(DataError, match="begins with the mark of UTF-8, but is said to be cp1251"):
        find_encoding("é".encode("utf-8-sig"), "cp1251", where="f")


@pytest.mark.parametrize("name", ["utf8x", "base64", "rot13", "", "a\0b"])
def test_names_of_no_encoding_are_refused(name):
    with pytest.raises(SettingsError, match="no encoding is called"):
        find_encoding(b"a", name, where="f")


def test_other_readings_are_shown():
    with pytest.raises(UnicodeDecodeError) as caught:
        "Это".encode("cp1251").decode()
    error = not_in_encoding(caught.value, "utf-8", "f:1", 0)
    assert "not UTF-8: byte 0xDD at byte offset 0" in error.what
    assert 'cp1251 "Это"' in error.remedy
    assert "--encoding" in error.remedy


def test_texts_of_other_encodings_hardly_ever_are_utf8():
    assert reads_as_utf8("Größe".encode())
    assert not reads_as_utf8(b"plain")
    assert not reads_as_utf8("Größe".encode("cp1252"))
