"""Formats ``tatoeba-laser`` and ``tatoeba-xtreme``: Tatoeba sentences and their translations.

Artetxe and Schwenk (2019): ``tatoeba.{code}-eng.{code}`` and ``.eng``, line i of one translates
line i of the other; codes of three letters (ISO 639-3). As XTREME lays it out:
``{language}-en.{language}`` and ``{language}-en.en``, the English side sorted, so that what
translates what is unknown unless ``test-{language}.tsv`` lies beside them: line i holds the
number, from 0, of the sentence that translates English line i.
"""

from __future__ import annotations

from pathlib import Path

from crosscal.data.bitexts.bitext import Side, bitext_parts, check_not_english
from crosscal.data.bitexts.sentences import SENTENCES
from crosscal.data.files.layout import folder_names, in_folder
from crosscal.data.files.lines import read_lines
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.data.text import shown
from crosscal.exceptions import DataError

# The 36 languages of XTREME; others are named by their code of three letters.
ISO_639_3 = {
    "af": "afr",
    "ar": "ara",
    "bg": "bul",
    "bn": "ben",
    "de": "deu",
    "el": "ell",
    "es": "spa",
    "et": "est",
    "eu": "eus",
    "fa": "pes",
    "fi": "fin",
    "fr": "fra",
    "he": "heb",
    "hi": "hin",
    "hu": "hun",
    "id": "ind",
    "it": "ita",
    "ja": "jpn",
    "jv": "jav",
    "ka": "kat",
    "kk": "kaz",
    "ko": "kor",
    "ml": "mal",
    "mr": "mar",
    "nl": "nld",
    "pt": "por",
    "ru": "rus",
    "sw": "swh",
    "ta": "tam",
    "te": "tel",
    "th": "tha",
    "tl": "tgl",
    "tr": "tur",
    "ur": "urd",
    "vi": "vie",
    "zh": "cmn",
}


def _read_laser(request: Request) -> ParsedFiles:
    check_not_english(request)
    parts: list[LanguageRows] = []
    for language in request.languages:
        code = ISO_639_3.get(language, language)
        name = "tatoeba.{language}-eng."
        other = _side(in_folder(request.source, f"{name}{code}", language=code), code)
        english = _side(in_folder(request.source, f"{name}eng", language=code), "eng")
        _check_lengths(other, english)
        pairs = [(index, index) for index in range(len(other.ids))]
        parts += bitext_parts(language, other, english, pairs, request)
    return ParsedFiles(parts=parts, files=tuple(part.file for part in parts))


def _read_xtreme(request: Request) -> ParsedFiles:
    check_not_english(request)
    parts: list[LanguageRows] = []
    files: list[Path] = []
    for language in request.languages:
        name = "{language}-en."
        other = _side(in_folder(request.source, f"{name}{language}", language=language), language)
        english = _side(in_folder(request.source, f"{name}en", language=language), "en")
        _check_lengths(other, english)
        gold = request.source / f"test-{language}.tsv"
        pairs = None
        if gold.name in folder_names(request.source):
            pairs = _gold(gold, len(other.ids))
            files.append(gold)
        elif request.require_labels:
            raise DataError(
                "the English side is sorted, and nothing says what translates what",
                where=str(english.file),
                remedy=f"Put {gold.name} beside it, or read LASER's files in 'tatoeba-laser'",
            )
        parts += bitext_parts(language, other, english, pairs, request)
    return ParsedFiles(parts=parts, files=tuple(dict.fromkeys([*(p.file for p in parts), *files])))


def _side(file: Path, code: str) -> Side:
    lines = list(read_lines(file))
    return Side(
        file=file,
        lines=[number for number, _ in lines],
        ids=[f"{code}-{number - 1}" for number, _ in lines],
        texts=[line for _, line in lines],
    )


def _check_lengths(other: Side, english: Side) -> None:
    if len(other.ids) != len(english.ids):
        raise DataError(
            f"{len(english.ids)} sentences, but {len(other.ids)} in {other.file.name}: "
            "line i of one translates line i of the other",
            where=str(english.file),
            remedy="Fetch both again",
        )


def _gold(file: Path, count: int) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    for number, line in read_lines(file):
        known = line.isascii() and line.isdigit() and len(line) <= 9 and int(line) < count
        if not known:
            raise DataError(
                f"'{shown(line)}' is no number of a sentence",
                where=f"{file}:{number}",
                remedy=f"Sentences are counted from 0 to {count - 1}",
            )
        pairs.append((int(line), number - 1))
    if len(pairs) != count:
        raise DataError(
            f"{len(pairs)} lines for {count} sentences",
            where=str(file),
            remedy="Each English sentence needs one line; fetch the file again",
        )
    return pairs


FORMATS = (
    Format(
        schema=SENTENCES,
        name="tatoeba-laser",
        description="Tatoeba in LASER's form: tatoeba.{code}-eng.{code} and .eng, line by line; "
        "codes of three letters are found for XTREME's languages",
        read=_read_laser,
        parallel=False,
    ),
    Format(
        schema=SENTENCES,
        name="tatoeba-xtreme",
        description="Tatoeba in XTREME form: {language}-en.{language} and {language}-en.en, the "
        "latter sorted; test-{language}.tsv says what translates what, if it is there",
        read=_read_xtreme,
        parallel=False,
    ),
)
