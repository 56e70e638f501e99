"""Formats ``sick`` and ``sick-nl``: Sentences Involving Compositional Knowledge.

Marelli et al. (2014). ``SICK.txt`` with pair_ID, sentence_A, sentence_B, entailment_label and
SemEval_set (TRAIN, TRIAL, TEST), or ``SICK_train.txt``, ``SICK_trial.txt``,
``SICK_test_annotated.txt`` with entailment_judgment. Wijnholds and Moortgat (2021):
``SICK_NL.txt``, in which the same columns are Dutch, and sentence_A_original and
sentence_B_original are English. Labels are in capitals; relatedness is not read.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from crosscal.data.files.json_tree import Node
from crosscal.data.files.layout import split_names
from crosscal.data.files.naming import (
    check_languages,
    file_of,
    under_any_split,
)
from crosscal.data.files.per_language import read_languages
from crosscal.data.files.records import read_records, text, word
from crosscal.data.pairs.pairs import PAIRS, PairRow
from crosscal.data.reader import Format, ParsedFiles, Request
from crosscal.data.text import shown
from crosscal.exceptions import DataError, SettingsError
from crosscal.spelling import did_you_mean

LABEL_MAP = {word.upper(): word for word in ("entailment", "neutral", "contradiction")}
_SETS = {"train": "TRAIN", "dev": "TRIAL", "test": "TEST"}
_LABELS = ("entailment_label", "entailment_judgment")
_NAMES = {
    "sick": ("SICK.txt", "SICK_{split}.txt", "SICK_{split}_annotated.txt"),
    "sick-nl": ("SICK_NL.txt",),
}
_TEXTS = {
    "nl": ("sentence_A", "sentence_B"),
    "en": ("sentence_A_original", "sentence_B_original"),
}


def _read(request: Request, *, name: str) -> ParsedFiles:
    languages = ("nl", "en") if name == "sick-nl" else ("en",)
    check_languages(request, languages, name)
    split = next((key for key in _SETS if key in split_names(request.split)), None)

    def find(request: Request, language: str) -> list[Path]:
        return [_file(request, language, name)]

    def rows(file: Path, request: Request) -> list[PairRow]:
        text_a, text_b = _TEXTS[request.languages[0] if name == "sick-nl" else "nl"]
        required = ["pair_ID", text_a, text_b]
        # Only a file that is named after its set can do without the column that says it.
        required += ["SemEval_set"] if split and not _of_a_set(file) else []
        return [
            PairRow(
                index,
                record.location,
                text(record, text_a),
                text(record, text_b),
                _label(record),
                row_id=text(record, "pair_ID"),
            )
            for index, record in enumerate(read_records(file, required, _LABELS))
            if "SemEval_set" not in required or _set(record) == _SETS.get(split or "")
        ]

    return replace(read_languages(request, find, rows), label_map=LABEL_MAP)


def _file(request: Request, language: str, name: str) -> Path:
    # One file holds both languages.
    alone = replace(request, languages=(language,))
    file = file_of(alone, language, under_any_split(request, _NAMES[name]))
    if name == "sick" and file.name in _NAMES["sick-nl"]:
        raise SettingsError(
            "the sentences of this file are Dutch, but its format was given as 'sick'",
            where=str(file),
            remedy="Read it in format 'sick-nl', which finds the English ones beside them",
        )
    return file


def _of_a_set(file: Path) -> bool:
    words = {word for key in _SETS for word in split_names(key)}
    return not words.isdisjoint(file.stem.split("_"))


def _label(record: Node) -> str | None:
    for name in _LABELS:
        if (label := word(record, name)) is not None:
            return label
    return None


def _set(record: Node) -> str:
    name = text(record, "SemEval_set")
    if name not in _SETS.values():
        raise DataError(
            f"unknown SemEval_set '{shown(name)}'",
            where=f"{record.file}:{record.location}",
            remedy=did_you_mean(name, _SETS.values()),
        )
    return name


FORMATS = tuple(
    Format(schema=PAIRS, name=name, description=description, read=partial(_read, name=name))
    for name, description in (
        (
            "sick",
            "SICK: SICK.txt with pair_ID, sentence_A, sentence_B, entailment_label, SemEval_set, "
            "or SICK_{split}.txt with entailment_judgment",
        ),
        (
            "sick-nl",
            "SICK-NL: SICK_NL.txt; sentence_A and sentence_B in Dutch, sentence_A_original and "
            "sentence_B_original in English",
        ),
    )
)
