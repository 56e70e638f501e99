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
from dataclasses import replace
from pathlib import Path

from crosscal.data.files.naming import check_languages, published_files
from crosscal.data.files.per_language import read_languages
from crosscal.data.files.quoted import quoted_rows
from crosscal.data.pairs.pair_files import PairColumns, PairFiles, pair_format
from crosscal.data.pairs.pairs import PAIRS, PairRow
from crosscal.data.pairs.paraphrase.mrpc import PARAPHRASE_LABELS
from crosscal.data.reader import Format, ParsedFiles, Request
from crosscal.exceptions import DataError

LANGUAGES = ("de", "en", "es", "fr", "ja", "ko", "zh")
UNTRANSLATED = "a sentence that was not translated ('NS' or blank) in one of the languages read"
_PLACEHOLDER = "NS"
# Of a language; the published dev set in German has 3.4 %.
_MAX_UNTRANSLATED = 0.1
_ALWAYS_ALLOWED = 5
_N_COLUMNS = 3


def _read_xtreme(request: Request) -> ParsedFiles:
    check_languages(request, LANGUAGES, "pawsx-xtreme")
    parsed = read_languages(
        request,
        lambda request, language: published_files(request, language, ("{split}-{language}.tsv",)),
        _xtreme_rows,
    )
    return _without_untranslated(replace(parsed, label_map=PARAPHRASE_LABELS), request)


def _xtreme_rows(file: Path, request: Request) -> list[PairRow]:
    rows = []
    for index, (number, cells) in enumerate(quoted_rows(file, "\t")):
        without_label = len(cells) == _N_COLUMNS - 1
        if len(cells) != _N_COLUMNS and (request.require_labels or not without_label):
            raise DataError(
                f"{len(cells)} column{'s' * (len(cells) != 1)} instead of 3 "
                "(sentence1 TAB sentence2 TAB label)",
                where=f"{file}:{number}",
                remedy="XTREME's test files have no labels: fetch the original ones"
                if without_label
                else "Fetch the file again",
            )
        label = None if without_label else cells[2]
        rows.append(PairRow(index, number, cells[0], cells[1], label))
    return rows


def _without_untranslated(parsed: ParsedFiles, request: Request) -> ParsedFiles:
    """Leave out, in all languages, the pairs that one of them lacks."""
    missing_indices: set[int] = set()
    for part in parsed.parts:
        lacking = [row for row in part.rows if _lacks(row)]
        missing_indices |= {row.index for row in lacking}
        if len(lacking) > max(_ALWAYS_ALLOWED, _MAX_UNTRANSLATED * len(part.rows)):
            raise DataError(
                f"{len(lacking)} of {len(part.rows)} rows hold a sentence that was not translated, "
                "far more than in the published file",
                where=f"{part.file}:{lacking[0].where}",
                remedy="Fetch the file again",
            )
    parts = [
        replace(part, rows=[row for row in part.rows if row.index not in missing_indices])
        for part in parsed.parts
    ]
    n_dropped = sum(len(part.rows) for part in parsed.parts) - sum(len(part.rows) for part in parts)
    dropped = Counter(parsed.dropped)
    dropped.update({UNTRANSLATED: n_dropped} if n_dropped else {})
    return replace(parsed, parts=parts, dropped=dict(dropped))


def _lacks(row: PairRow) -> bool:
    texts = (row.text_a.strip(), (row.text_b or "").strip())
    return "" in texts or _PLACEHOLDER in texts


_LAYOUT = PairFiles(
    names=(
        "{language}/{split}_2k.tsv",
        "{language}/{split}.tsv",
        "{language}/translated_{split}.tsv",
    ),
    columns=PairColumns(
        text_a="sentence1", text_b="sentence2", row_id=("id",), label_map=PARAPHRASE_LABELS
    ),
    languages=LANGUAGES,
    finish=_without_untranslated,
)

FORMATS = (
    pair_format(
        "pawsx-original",
        "PAWS-X as published: {language}/{split}_2k.tsv, {language}/train.tsv or "
        "translated_train.tsv with id, sentence1, sentence2, label; pairs with 'NS' are dropped",
        _LAYOUT,
    ),
    Format(
        schema=PAIRS,
        name="pawsx-xtreme",
        description="PAWS-X in XTREME form: {split}-{language}.tsv, sentence1 TAB sentence2 TAB "
        "label without header, with quoting; pairs with 'NS' are dropped",
        read=_read_xtreme,
    ),
    pair_format(
        "pawsx-hub",
        "PAWS-X from the Hugging Face Hub: {language}/{split}-*.parquet with id, sentence1, "
        "sentence2, label; pairs with 'NS' are dropped",
        _LAYOUT,
    ),
)
