"""Which rows share a premise, where a format says it by position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crosscal.data.pairs.pairs import PairRow
from crosscal.data.reader import LanguageRows, ParsedFiles
from crosscal.exceptions import DataError

HYPOTHESES_PER_PREMISE = 3


def three_rows_each(reference: LanguageRows, prefix: str) -> list[str]:
    """Name the premise of each row where three consecutive rows share one.

    So it is in XNLI (Conneau et al. 2018, section 3): 830 premises in dev, 1,670 in test.
    """
    count = len(reference.rows)
    if count % HYPOTHESES_PER_PREMISE:
        raise DataError(
            f"{count} rows are not a multiple of {HYPOTHESES_PER_PREMISE}: "
            "three consecutive rows share a premise",
            where=str(reference.file),
            remedy="Fetch the file again; to read a sample, keep premises whole",
        )
    numbers = [f"{index // HYPOTHESES_PER_PREMISE:05d}" for index in range(count)]
    return named_premises(reference, numbers, prefix)


def named_premises(reference: LanguageRows, numbers: Sequence[str], prefix: str) -> list[str]:
    """Name the premise of each row by its number; equal numbers must have equal premises."""
    first_with: dict[str, PairRow] = {}
    for row, number in zip(reference.rows, numbers, strict=True):
        first = first_with.setdefault(number, row)
        if first.text_a != row.text_a:
            raise DataError(
                f"the premise differs from that of line {first.where}, with which it belongs",
                where=f"{reference.file}:{row.where}",
                remedy="Rows are missing, added or in another order; fetch the file again",
            )
    return [f"{prefix}-premise-{number}" for number in numbers]


def with_premises(
    part: LanguageRows, clusters: Sequence[str], row_ids: Sequence[str | None] | None = None
) -> LanguageRows:
    """Return rows of one language with these cluster ids, and with these ids or none."""
    if len(part.rows) != len(clusters):
        raise DataError(
            f"{len(part.rows)} rows, but {len(clusters)} in English or in the list of premises: "
            "parallel languages need the same rows",
            where=str(part.file),
            remedy="Fetch the file again; a text may also hold a line break",
        )
    ids = row_ids if row_ids is not None else [None] * len(clusters)
    rows = [
        replace(row, cluster=cluster, row_id=row_id)
        for row, cluster, row_id in zip(part.rows, clusters, ids, strict=True)
    ]
    return replace(part, rows=rows)


def by_threes(parsed: ParsedFiles, prefix: str) -> ParsedFiles:
    """Return languages whose rows have the premises of the reference, three rows each."""
    clusters = three_rows_each(parsed.reference, prefix)
    return replace(parsed, parts=[with_premises(part, clusters) for part in parsed.parts])
