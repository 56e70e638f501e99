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
from crosscal.data.files.naming import file_of
from crosscal.data.files.published import check_languages, split_words
from crosscal.data.files.records import read_records, text, word
from crosscal.data.pairs.pairs import PAIRS, PairRow
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.data.text import shown
from crosscal.exceptions import DataError, SettingsError
from crosscal.spelling import did_you_mean

LABEL_MAP = {word.upper(): word for word in ("entailment", "neutral", "contradiction")}
_SETS = {"train": "TRAIN", "dev": "TRIAL", "test": "TEST"}
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
    split = next((key for key in _SETS if key in split_words(request.split)), None)
    parts = []
    for language in request.languages:
        file = _file(request, language, name)
        texts = _TEXTS[language if name == "sick-nl" else "nl"]
        optional = ["entailment_label", "entailment_judgment"]
        # Only a file that is named after its set can do without the column that says it.
        wanted = ["pair_ID", *texts]
        wanted += ["SemEval_set"] if split and not _of_a_set(file) else []
        rows = [
            PairRow(
                index,
                record.place,
                text(record, texts[0]),
                text(record, texts[1]),
                _label(record),
                row_id=text(record, "pair_ID"),
            )
            for index, record in enumerate(read_records(file, wanted, optional))
            if "SemEval_set" not in wanted or _set(record) == _SETS.get(split or "")
        ]
        parts.append(LanguageRows(language=language, file=file, rows=rows))
    files = tuple(dict.fromkeys(part.file for part in parts))
    return ParsedFiles(parts=parts, files=files, label_map=LABEL_MAP)


def _file(request: Request, language: str, name: str) -> Path:
    words = split_words(request.split)
    names = _NAMES[name]
    spelled = [pattern.replace("{split}", other) for other in words[1:] for pattern in names]
    # One file holds both languages.
    file = file_of(replace(request, languages=(language,)), language, [*names, *spelled])
    if name == "sick" and file.name in _NAMES["sick-nl"]:
        raise SettingsError(
            "the sentences of this file are Dutch, but its format was given as 'sick'",
            where=str(file),
            remedy="Read it in format 'sick-nl', which finds the English ones beside them",
        )
    return file


def _of_a_set(file: Path) -> bool:
    words = {word for key in _SETS for word in split_words(key)}
    return not words.isdisjoint(file.stem.split("_"))


def _label(record: Node) -> str | None:
    for name in ("entailment_label", "entailment_judgment"):
        if (label := word(record, name)) is not None:
            return label
    return None


def _set(record: Node) -> str:
    found = text(record, "SemEval_set")
    if found not in _SETS.values():
        raise DataError(
            f"unknown SemEval_set '{shown(found)}'",
            where=f"{record.file}:{record.place}",
            remedy=did_you_mean(found, _SETS.values()),
        )
    return found


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
