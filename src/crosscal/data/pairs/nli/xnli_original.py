"""Format ``xnli-original``: XNLI 1.0 as its authors publish it, 15 languages in one file.

Conneau et al. (2018). ``xnli.{split}.tsv``: language, gold_label, four columns of parses,
sentence1, sentence2, promptID, pairID and more. Some releases write ``contradictory``.
"""

from __future__ import annotations

from dataclasses import replace

from crosscal.data.files.columns import named_columns
from crosscal.data.files.naming import file_of
from crosscal.data.pairs.nli.xnli_xtreme import LABEL_MAP
from crosscal.data.pairs.pairs import PAIRS, PairRow
from crosscal.data.pairs.premises import named_premises, with_premises
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.exceptions import DataError
from crosscal.spelling import did_you_mean

COLUMNS = ("language", "gold_label", "sentence1", "sentence2", "promptID", "pairID")


def _read(request: Request) -> ParsedFiles:
    # One file holds all languages.
    alone = replace(request, languages=request.languages[:1])
    file = file_of(alone, request.languages[0], ("xnli.{split}.tsv",))
    rows: dict[str, list[PairRow]] = {}
    for number, cells in named_columns(file, COLUMNS):
        language, label, text_a, text_b, prompt, pair = cells
        own_rows = rows.setdefault(language, [])
        if language in ("en", *request.languages):
            gold = None if label in ("", "-") else label
            own_rows.append(
                PairRow(len(own_rows), number, text_a, text_b, gold, cluster=prompt, row_id=pair)
            )
    for language in request.languages:
        if language not in rows:
            raise DataError(
                f"there is no language '{language}' in this file",
                where=str(file),
                remedy=did_you_mean(language, sorted(rows)),
            )
    reference = "en" if "en" in rows else request.languages[0]
    reference_part = LanguageRows(language=reference, file=file, rows=rows[reference])
    clusters = named_premises(
        reference_part, [row.cluster or "" for row in reference_part.rows], request.prefix
    )
    parts = []
    for language in request.languages:
        part = LanguageRows(language=language, file=file, rows=rows[language])
        _check_order(part, reference_part)
        pairs = [row.row_id for row in part.rows]
        parts.append(with_premises(part, clusters, pairs))
    return ParsedFiles(parts=parts, files=(file,), label_map=LABEL_MAP)


def _check_order(part: LanguageRows, reference_part: LanguageRows) -> None:
    for row, other in zip(part.rows, reference_part.rows, strict=False):
        if row.row_id != other.row_id:
            raise DataError(
                f"pairID '{row.row_id}' in '{part.language}' where '{reference_part.language}' has "
                f"'{other.row_id}' (line {other.where})",
                where=f"{part.file}:{row.where}",
                remedy="Languages must list the same pairs in the same order; fetch it again",
            )


FORMAT = Format(
    schema=PAIRS,
    name="xnli-original",
    description="XNLI 1.0: xnli.{split}.tsv with a header, all languages in one file",
    read=_read,
)
