"""Formats ``udpos-hub``, ``panx-hub``, ``masakhaner-hub``: tagging on the Hub, in Parquet.

``google/xtreme`` has folders ``udpos.{Language}`` and ``PAN-X.{language}``, ``wikiann`` one
folder a language, ``masakhaner`` one named by a code of three letters, with columns tokens and
pos_tags or ner_tags. Tags are names, or numbers whose names stand in the file's metadata; where
they do not, those of the data set are taken.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from crosscal.data.files.hub import class_names, hub_table
from crosscal.data.files.naming import hub_files
from crosscal.data.files.parquet import lists, names_of
from crosscal.data.files.per_language import file_or_folder, read_languages
from crosscal.data.reader import Format, ParsedFiles, Request
from crosscal.data.tags.masakhaner import FOLDERS
from crosscal.data.tags.tags import TAGS, TagRow
from crosscal.exceptions import DataError
from crosscal.languages import find_language

UPOS = tuple(
    "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X".split()
)
WIKIANN = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
MASAKHANER = (*WIKIANN, "B-DATE", "I-DATE")


def _read(
    request: Request, *, tags: str, names: tuple[str, ...], folders: tuple[str, ...]
) -> ParsedFiles:
    words = request.columns.get("words", "tokens")
    column = request.columns.get("tags", tags)
    # The names of a data set are those of its own column, not of one that the user chose.
    default = names if column == tags else None

    def find(request: Request, language: str) -> list[Path]:
        entry = find_language(language)
        english = entry.name if entry else language
        code = FOLDERS.get(language, language)
        own = [name.replace("{name}", english).replace("{code}", code) for name in folders]
        return hub_files(request, language, own)

    def rows(file: Path, request: Request) -> list[TagRow]:
        names = class_names(request, request.languages[0], column) or default
        return [
            TagRow(number, f"row {number}", *pair)
            for number, pair in enumerate(_words_and_tags(file, words, column, names))
        ]

    return read_languages(request, find, rows, root=file_or_folder)


def _words_and_tags(
    file: Path, words: str, tags: str, default: tuple[str, ...] | None
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    table = hub_table(file, [words, tags])
    sentences = [tuple(row) for row in lists(table[words], words, file, str)]
    if "int" not in str(table[tags].type):
        golds = [tuple(row) for row in lists(table[tags], tags, file, str)]
        return list(zip(sentences, golds, strict=True))
    names = names_of(table.schema, tags) or default
    if names is None:
        raise DataError(
            f"column '{tags}' holds numbers, and the file does not name them",
            where=str(file),
            remedy="Convert the numbers to names, or choose another column",
        )
    numbers = lists(table[tags], tags, file, int)
    return [
        (sentence, tuple(_name(number, names, f"{file}:row {row}") for number in line))
        for row, (sentence, line) in enumerate(zip(sentences, numbers, strict=True))
    ]


def _name(number: int, names: tuple[str, ...], where: str) -> str:
    if not 0 <= number < len(names):
        raise DataError(
            f"unknown tag {number}",
            where=where,
            remedy="Known are: " + ", ".join(f"{i} {name}" for i, name in enumerate(names)),
        )
    return names[number]


def _format(
    name: str, what: str, tags: str, names: tuple[str, ...], folders: tuple[str, ...]
) -> Format:
    return Format(
        schema=TAGS,
        name=name,
        description=f"{what} from the Hugging Face Hub: {', '.join(folders)} or {{language}}, "
        f"with {{split}}-*.parquet; columns tokens, {tags} or as named",
        read=partial(_read, tags=tags, names=names, folders=folders),
        parallel=False,
        columns=("words", "tags"),
        hub=True,
    )


FORMATS = (
    _format("udpos-hub", "UD part-of-speech tags", "pos_tags", UPOS, ("udpos.{name}",)),
    _format("panx-hub", "PAN-X (WikiANN) entities", "ner_tags", WIKIANN, ("PAN-X.{language}",)),
    _format("masakhaner-hub", "MasakhaNER entities", "ner_tags", MASAKHANER, ("{code}",)),
)
