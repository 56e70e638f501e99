from __future__ import annotations

import bz2
import os

import pytest

from crosscal.data.files import lines
from crosscal.data.files.columns import named_columns, plain_columns
from crosscal.data.files.lines import read_lines
from crosscal.exceptions import DataError


def test_lines_end_at_newlines_and_nowhere_else(write):
    odd = "a\u2028b\u0085c\x0bd\x1ce\x0cf\u2029g\rh"
    path = write("odd.txt", f"{odd}\r\n{odd}\n")
    assert list(read_lines(path)) == [(1, odd), (2, odd)]


def test_last_line_needs_no_line_end_and_byte_order_mark_goes(write):
    assert list(read_lines(write("a.txt", b"\xef\xbb\xbfone\ntwo"))) == [(1, "one"), (2, "two")]


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        (b"", "", "is empty"),
        (b"good\ncaf\xe9 au lait\n", ":2", "byte 0xE9 at byte offset 8"),
        (b"\xef\xbb\xbfab\xff\n", ":1", "byte 0xFF at byte offset 5"),
        (b"a\nb\0c\n", ":2", "NUL character at byte offset 3"),
        (b"\xff\xfea\0\n\0\0\xdc", ":2", "not UTF-16: byte 0x00 at byte offset 6"),
        (b"\xff\xfe\0\0t\0\0\0\0\0\x11\0", ":1", "not UTF-32"),
        # Half a surrogate pair, as Java and old JavaScript write it.
        (b"one\ntwo \xed\xa0\xbd\n", ":2", "byte 0xED at byte offset 8"),
    ],
)
def test_what_is_no_utf8_text_is_told_with_its_place(write, content, where, what):
    path = write("bad.txt", content)
    with pytest.raises(DataError) as caught:
        list(read_lines(path))
    assert caught.value.where == f"{path}{where}"
    assert what in caught.value.what
    assert caught.value.remedy


def test_missing_files_and_folders_are_told(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        list(read_lines(tmp_path / "none.tsv"))
    with pytest.raises(DataError, match="this is a folder"):
        list(read_lines(tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_missing_permission_is_told(write):
    path = write("secret.tsv", "a\tb\n")
    path.chmod(0)
    with pytest.raises(DataError, match="not permitted"):
        list(read_lines(path))


def test_missing_permission_is_told_to_root_too(write, monkeypatch):
    path = write("secret.tsv", "a\tb\n")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", refuse)
    with pytest.raises(DataError, match="not permitted"):
        list(read_lines(path))


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        ("a\tb\tc\na\tb\n", 2, "2 columns instead of 3"),
        ("a\tb\tc\td\n", 1, "4 columns instead of 3"),
        ("a\tb\tc\n\na\tb\tc\n", 2, "blank"),
    ],
)
def test_columns_are_counted(write, content, line, what):
    path = write("x.tsv", content)
    with pytest.raises(DataError, match=what) as caught:
        list(plain_columns(path, ("one", "two", "three")))
    assert caught.value.where == f"{path}:{line}"


def test_quotes_are_literal(write):
    path = write("x.tsv", '"a\tb"\t""c\n')
    assert list(plain_columns(path, ("one", "two", "three"))) == [(1, ['"a', 'b"', '""c'])]


def test_named_columns_are_found_in_any_order(write):
    path = write("x.tsv", "\ufeffb\tx\ta\r\n1\t2\t3\r\n")
    assert list(named_columns(path, ["a", "b"])) == [(2, ["3", "1"])]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("a\tb\n", "header and no rows"),
        ("a\tc\n1\t2\n", "no column 'b'"),
        ("a\tb\tb\n1\t2\t3\n", "names column 'b' twice"),
        ("a\tb\n1\n", "1 column instead of 2"),
    ],
)
def test_headers_are_checked(write, content, what):
    with pytest.raises(DataError, match=what):
        list(named_columns(write("x.tsv", content), ["a", "b"]))


@pytest.mark.parametrize("name", ["a.txt", "a.txt.bz2"])
def test_lines_are_held_in_memory_only_if_they_are_short(write, monkeypatch, name):
    monkeypatch.setattr(lines, "_LONGEST_LINE", 1 << 20)
    content = b"one\n" + b"0" * (2 << 20)
    path = write(name, bz2.compress(content) if name.endswith("bz2") else content)
    with pytest.raises(DataError, match="a line of more than 1 MiB") as caught:
        list(read_lines(path))
    assert str(caught.value.where).endswith(f"{name}:2")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_pipes_and_devices_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "zero.txt").symlink_to("/dev/zero")
    for name in ("pipe.txt", "zero.txt"):
        with pytest.raises(DataError, match="a pipe or a device"):
            list(read_lines(tmp_path / name))
