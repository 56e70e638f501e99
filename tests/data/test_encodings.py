"""Every text format reads what the one rule of encodings recognises, says so, and can be told."""

import bz2
from pathlib import Path

import pytest

from crosscal.data import FORMATS, read_examples
from crosscal.data.files.parquet import is_table
from crosscal.exceptions import CrosscalError, DataError, SettingsError
from tests.data.conftest import NLI
from tests.data.fuzz_cases import CASES
from tests.data.test_fuzz import FILES
from tests.data.test_fuzz_tags_spans import CASES as TAGS_AND_SPANS

SOURCES = {
    **{name: (case.format, case.files, case.args) for name, case in CASES.items()},
    **{name: (name, case.files, case.args) for name, case in TAGS_AND_SPANS.items()},
    **{
        name: (name, {file: content}, {"split": "train", "labels": labels})
        for name, (file, content, labels) in FILES.items()
    },
}


def write_as(folder, files, encoding):
    """Write sample files in another encoding, packed ones inside."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        packed = file.suffix == ".bz2"
        text = (bz2.decompress(content) if packed else content).decode("utf-8-sig")
        file.write_bytes(bz2.compress(text.encode(encoding)) if packed else text.encode(encoding))


def text_sources():
    for name, (_, files, _) in SOURCES.items():
        if not any(is_table(Path(file)) for file in files):
            yield name


def read(name, folder, **more):
    format, files, args = SOURCES[name]
    path = folder / next(iter(files)) if format == "tsv-pairs" else folder
    return read_examples(format, path, **args, **more)


def test_every_format_of_text_is_here():
    formats = {format for format, _, _ in SOURCES.values()}
    assert formats >= {name for name, entry in FORMATS.items() if entry.needs_path} - {
        "tsv-texts",
        "mnli-tsv",
        "mnli-glue",
    }


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", list(text_sources()))
def test_unicode_is_recognised_and_said(name, encoding, tmp_path):
    files = SOURCES[name][1]
    write_as(tmp_path / "plain", files, "utf-8")
    write_as(tmp_path / "other", files, encoding)
    plain, other = read(name, tmp_path / "plain"), read(name, tmp_path / "other")
    assert other.examples == plain.examples
    said = {note for note in other.notes if note not in plain.notes}
    assert any(encoding.upper() in note for note in said) == (encoding != "utf-8-sig")


@pytest.mark.parametrize("name", list(text_sources()))
def test_others_are_read_where_they_are_named(name, tmp_path):
    files = SOURCES[name][1]
    write_as(tmp_path / "plain", files, "utf-8")
    write_as(tmp_path / "other", files, "gb18030")
    plain = read(name, tmp_path / "plain")
    other = read(name, tmp_path / "other", encoding="GB18030")
    assert other.examples == plain.examples
    assert any("in GB18030" in note for note in other.notes)
    if all(content.isascii() for content in files.values()):
        return
    try:  # some files, packed ones, hold nothing but ASCII
        assert read(name, tmp_path / "other").examples == plain.examples
    except CrosscalError as error:
        assert isinstance(error, DataError)
        assert "not UTF-8" in error.what
        assert 'gb18030 "' in error.remedy


def test_bytes_of_no_unicode_are_asked_about_with_their_readings(write):
    path = write("a.tsv", "fine\tgood\tneutral\nGröße\tgroß\tneutral\n".encode("cp1252"))
    with pytest.raises(DataError, match="not UTF-8: byte 0xF6 at byte offset 20") as caught:
        read_examples("tsv-pairs", path, labels=NLI)
    assert caught.value.where == f"{path}:2"
    assert 'cp1252 "Größe groß neutral"' in caught.value.remedy
    found = read_examples("tsv-pairs", path, labels=NLI, encoding="cp1252")
    assert found.examples[1].text_a == "Größe"
    assert found.notes == ("a.tsv is in CP1252",)
    with pytest.raises(SettingsError, match="no encoding is called 'utf8x'"):
        read_examples("tsv-pairs", path, labels=NLI, encoding="utf8x")


def test_what_is_not_in_the_named_encoding_is_told_with_its_line(write):
    path = write("a.tsv", "fine\tgood\tneutral\nGröße\tgroß\tneutral\n".encode("cp1252"))
    with pytest.raises(DataError, match="not SHIFT_JIS: byte") as caught:
        read_examples("tsv-pairs", path, labels=NLI, encoding="shift_jis")
    assert caught.value.where == f"{path}:2"


def test_a_named_encoding_that_is_not_needed_is_doubted(write):
    path = write("a.tsv", "Größe\tgroß\tneutral\n")
    found = read_examples("tsv-pairs", path, labels=NLI, encoding="cp1252")
    assert "a.tsv would be UTF-8, too: look at its texts" in found.notes


def test_an_empty_file_is_empty_in_every_encoding(tmp_path):
    (tmp_path / "empty.tsv").write_bytes(b"")
    for encoding in (None, "utf-16", "cp1251"):
        with pytest.raises(DataError, match="empty"):
            read_examples("tsv-pairs", tmp_path / "empty.tsv", labels=NLI, encoding=encoding)
