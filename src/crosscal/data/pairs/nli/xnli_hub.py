"""Format ``xnli-hub``: XNLI as ``facebook/xnli`` on the Hugging Face Hub, in Parquet.

Either a folder per language with columns premise, hypothesis, label, or the one folder
``all_languages``, where a premise is a struct of languages and a hypothesis two parallel
lists, ``language`` and ``translation``. Labels: 0 entailment, 1 neutral, 2 contradiction.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from crosscal.data.files.hub import split_files
from crosscal.data.files.layout import folder_names
from crosscal.data.files.naming import no_language_folder
from crosscal.data.files.parquet import label_names, names_in_order, read_table, shards, texts
from crosscal.data.files.per_language import read_languages
from crosscal.data.pairs.pairs import PAIRS, PairRow
from crosscal.data.pairs.premises import by_threes
from crosscal.data.reader import Format, ParsedFiles, Request
from crosscal.exceptions import DataError

LABELS = ("entailment", "neutral", "contradiction")
_COLUMNS = ("premise", "hypothesis", "label")
_TOGETHER = "all_languages"


def _read(request: Request) -> ParsedFiles:
    split = request.needed_split("Name one: 'dev' or 'test'")
    folders = [] if request.hub else folder_names(request.source)
    own = [language for language in request.languages if request.hub or language in folders]

    def find(request: Request, language: str) -> list[Path]:
        if request.hub:
            return split_files(request, language)
        if language not in folders and _TOGETHER not in folders:
            raise no_language_folder(request.source, language, language, folders)
        return shards(request.source / (language if language in own else _TOGETHER), split)

    def rows(file: Path, request: Request) -> list[PairRow]:
        (language,) = request.languages
        triples = _own_folder(file) if language in own else _one_of_all(file, language)
        return [PairRow(number, f"row {number}", *row) for number, row in enumerate(triples)]

    parsed = read_languages(request, find, rows)
    return parsed if split == "train" else by_threes(parsed, split)


def _own_folder(file: Path) -> list[tuple[str, str, str | None]]:
    table = read_table(file, _COLUMNS)
    first, second = (texts(table[name], name, file) for name in _COLUMNS[:2])
    return list(zip(first, second, _labels(table, file), strict=True))


def _one_of_all(file: Path, language: str) -> list[tuple[str, str, str | None]]:
    table = read_table(file, _COLUMNS)
    labels = _labels(table, file)
    pairs = []
    columns = (table["premise"].to_pylist(), table["hypothesis"].to_pylist())
    for row, (premise, hypothesis) in enumerate(zip(*columns, strict=True)):
        pairs.append((_premise(premise, language), _hypothesis(hypothesis, language)))
        if None in pairs[-1]:
            raise DataError(
                f"there is no text in language '{language}'",
                where=f"{file}:row {row}",
                remedy="Choose one of the languages of this file",
            )
    return [(a or "", b or "", label) for (a, b), label in zip(pairs, labels, strict=True)]


def _labels(table: pa.Table, file: Path) -> list[str | None]:
    names = names_in_order(table.schema, "label", LABELS)
    return label_names(table["label"], "label", file, names)


def _premise(value: Any, language: str) -> str | None:
    text = value.get(language) if isinstance(value, dict) else None
    return text if isinstance(text, str) else None


def _hypothesis(value: Any, language: str) -> str | None:
    if not isinstance(value, dict):
        return None
    languages, translations = value.get("language"), value.get("translation")
    if not isinstance(languages, list) or not isinstance(translations, list):
        return None
    if len(languages) != len(translations) or language not in languages:
        return None
    text = translations[languages.index(language)]
    return text if isinstance(text, str) else None


FORMAT = Format(
    schema=PAIRS,
    name="xnli-hub",
    description="XNLI from the Hugging Face Hub: {language}/{split}-*.parquet or "
    "all_languages/{split}-*.parquet with premise, hypothesis, label",
    read=_read,
    hub=True,
)
