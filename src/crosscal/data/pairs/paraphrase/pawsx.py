"""Formats ``pawsx-original``, ``pawsx-xtreme`` and ``pawsx-hub``: PAWS-X in seven languages.

Yang et al. (2019). As published: ``{language}/dev_2k.tsv``, ``test_2k.tsv``, ``train.tsv`` (in
English) and ``translated_train.tsv``, with id, sentence1, sentence2, label; quotes are letters.
As XTREME lays it out: ``{split}-{language}.tsv`` without header, written with quoting, so that a
text with quotes stands in quotes and doubles its own; its test files have no labels. On the Hub:
Parquet.

The published dev and test sets hold sentences that were not translated, ``NS`` in their place,
and the translated training sets blank ones. Where the labels of a pair differ between languages
it is such a pair. Rows keep their places in all languages, so a pair that is missing in one of
the languages read is left out of all of them, and counted in each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from crosscal.data.files.json_tree import Node
from crosscal.data.files.published import check_languages, published_files
from crosscal.data.files.quoted import quoted_rows
from crosscal.data.pairs.pair_files import PairColumns, PairFiles, read_pair_files
from crosscal.data.pairs.pairs import PAIRS, PairRow
from crosscal.data.pairs.paraphrase.paws import LABEL_MAP
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.exceptions import DataError

LANGUAGES = ("de", "en", "es", "fr", "ja", "ko", "zh")
UNTRANSLATED = "a sentence that was not translated ('NS' or blank) in one of the languages read"
_PLACEHOLDER = "NS"
# Of a language; the published dev set in German has 3.4 %.
_MOST_UNTRANSLATED = 0.1
_ALWAYS_ALLOWED = 5
_XTREME = ("sentence1", "sentence2", "label")
_LAYOUT = PairFiles(
    names=(
        "{language}/{split}_2k.tsv",
        "{language}/{split}.tsv",
        "{language}/translated_{split}.tsv",
    ),
    columns=PairColumns(text_a="sentence1", text_b="sentence2", row_id="id", label_map=LABEL_MAP),
    languages=LANGUAGES,
)


def _read(request: Request, *, name: str) -> ParsedFiles:
    if name == "pawsx-xtreme":
        parsed = _xtreme(request)
    else:
        parsed = read_pair_files(request, layout=_LAYOUT, name=name)
    return _without_untranslated(parsed)


def _xtreme(request: Request) -> ParsedFiles:
    check_languages(request, LANGUAGES, "pawsx-xtreme")
    parts = []
    for language in request.languages:
        file = published_files(request, language, ("{split}-{language}.tsv",))[0]
        rows = [
            PairRow(index, record.place, *(record.value.get(name) for name in _XTREME))
            for index, record in enumerate(_quoted(file, request.require_labels))
        ]
        parts.append(LanguageRows(language=language, file=file, rows=rows))
    files = tuple(dict.fromkeys(part.file for part in parts))
    return ParsedFiles(parts=parts, files=files, label_map=LABEL_MAP)


def _quoted(file: Path, require_labels: bool) -> Iterator[Node]:
    for number, cells in quoted_rows(file, "\t"):
        if len(cells) != len(_XTREME) and (require_labels or len(cells) != len(_XTREME) - 1):
            raise DataError(
                f"{len(cells)} column{'s' * (len(cells) != 1)} instead of 3 "
                "(sentence1 TAB sentence2 TAB label)",
                where=f"{file}:{number}",
                remedy="XTREME's test files have no labels: fetch the original ones"
                if len(cells) == len(_XTREME) - 1
                else "Fetch the file again",
            )
        yield Node(file, str(number), dict(zip(_XTREME, cells, strict=False)))


def _without_untranslated(parsed: ParsedFiles) -> ParsedFiles:
    """Leave out, in all languages, the pairs that one of them lacks."""
    missing: set[int] = set()
    for part in parsed.parts:
        mine = [row for row in part.rows if _lacks(row)]
        missing |= {row.index for row in mine}
        if len(mine) > max(_ALWAYS_ALLOWED, _MOST_UNTRANSLATED * len(part.rows)):
            raise DataError(
                f"{len(mine)} of {len(part.rows)} rows hold a sentence that was not translated, "
                "far more than in the published file",
                where=f"{part.file}:{mine[0].where}",
                remedy="Fetch the file again",
            )
    parts = [
        replace(part, rows=[row for row in part.rows if row.index not in missing])
        for part in parsed.parts
    ]
    lost = sum(len(part.rows) for part in parsed.parts) - sum(len(part.rows) for part in parts)
    dropped = Counter(parsed.dropped)
    dropped.update({UNTRANSLATED: lost} if lost else {})
    return replace(parsed, parts=parts, dropped=dict(dropped))


def _lacks(row: PairRow) -> bool:
    texts = (row.text_a.strip(), row.text_b.strip())
    return "" in texts or _PLACEHOLDER in texts


def _format(name: str, description: str) -> Format:
    return Format(schema=PAIRS, name=name, description=description, read=partial(_read, name=name))


FORMATS = (
    _format(
        "pawsx-original",
        "PAWS-X as published: {language}/{split}_2k.tsv, {language}/train.tsv or "
        "translated_train.tsv with id, sentence1, sentence2, label; pairs with 'NS' are dropped",
    ),
    _format(
        "pawsx-xtreme",
        "PAWS-X in XTREME form: {split}-{language}.tsv, sentence1 TAB sentence2 TAB label "
        "without header, with quoting; pairs with 'NS' are dropped",
    ),
    _format(
        "pawsx-hub",
        "PAWS-X from the Hugging Face Hub: {language}/{split}-*.parquet with id, sentence1, "
        "sentence2, label; pairs with 'NS' are dropped",
    ),
)
