"""Format ``americasnli``: AmericasNLI, XNLI in ten languages of the Americas, or from the Hub.

Ebrahimi et al. (2022). ``{split}/{language}.tsv`` with id, language, premise, hypothesis, label;
quotes are letters. The ids are row numbers, from 1, in the original file of XNLI, in which the
Spanish rows that were translated are the sixth of fifteen blocks: from them follows the row of
XNLI, which names the unit here, and its premise, of which three rows each share one. Languages
lack different rows. On the Hub: Parquet with premise, hypothesis, label, without ids.
"""

from __future__ import annotations

from dataclasses import replace

from crosscal.data.pairs.pair_files import (
    HUB_NLI,
    PairColumns,
    PairFiles,
    Tolerance,
    pair_format,
)
from crosscal.data.pairs.pairs import PairRow
from crosscal.data.pairs.premises import HYPOTHESES_PER_PREMISE
from crosscal.data.reader import LanguageRows, ParsedFiles, Request
from crosscal.exceptions import DataError

LANGUAGES = ("aym", "bzd", "cni", "gn", "hch", "nah", "oto", "quy", "shp", "tar")
_ROWS = {"dev": 2490, "test": 5010}
_BLOCKS_BEFORE_SPANISH = 5


def _as_in_xnli(parsed: ParsedFiles, request: Request) -> ParsedFiles:
    split = "dev" if request.split == "validation" else request.split
    if split not in _ROWS:
        return parsed
    return replace(parsed, parts=[_numbered(part, split) for part in parsed.parts])


def _numbered(part: LanguageRows, split: str) -> LanguageRows:
    rows: list[PairRow] = []
    for row in part.rows:
        if row.row_id is None:
            return part
        index = _row_of_xnli(row.row_id, split)
        if index is None or (rows and index <= rows[-1].index):
            raise DataError(
                f"id '{row.row_id[:20]}' is not that of a later Spanish row of XNLI's {split} set",
                where=f"{part.file}:{row.where}",
                remedy="Ids count the rows of XNLI's original file and rise; fetch it again, or "
                "name the file and no split",
            )
        cluster = f"{split}-premise-{index // HYPOTHESES_PER_PREMISE:05d}"
        rows.append(replace(row, index=index, cluster=cluster))
    return replace(part, rows=rows)


def _row_of_xnli(row_id: str, split: str) -> int | None:
    if not (row_id.isascii() and row_id.isdigit() and len(row_id) <= 9):
        return None
    index = int(row_id) - 1 - _BLOCKS_BEFORE_SPANISH * _ROWS[split]
    return index if 0 <= index < _ROWS[split] else None


FORMAT = pair_format(
    "americasnli",
    "AmericasNLI: {split}/{language}.tsv with id, premise, hypothesis, label, or "
    "{language}/{split}-*.parquet; units are named by their row in XNLI",
    PairFiles(
        names=("{split}/{language}.tsv",),
        columns=PairColumns(
            text_a="premise", text_b="hypothesis", row_id=("id",), tolerance=Tolerance()
        ),
        hub=replace(HUB_NLI, tolerance=Tolerance()),
        languages=LANGUAGES,
        finish=_as_in_xnli,
    ),
    parallel=False,
)
