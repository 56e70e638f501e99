"""Which rows share a premise, where a format says it by position."""

from __future__ import annotations

from collections.abc import Sequence

from crosscal.data.pairs.pairs import PairRow
from crosscal.data.reader import LanguageRows
from crosscal.exceptions import DataError

HYPOTHESES_PER_PREMISE = 3


def three_rows_each(reference: LanguageRows, prefix: str) -> list[str]:
    """Name the premise of each row where three consecutive rows share one.

    So it is in XNLI (Conneau et al. 2018, section 3): 830 premises in dev, 1,670 in test.

    Parameters
    ----------
    reference : LanguageRows
        The language whose premises are trusted.
    prefix : str
        The split.

    Returns
    -------
    list of str
        Cluster ids, one per row.

    Raises
    ------
    DataError
        If the number of rows is no multiple of three, or the premises do not repeat so.
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
    """Name the premise of each row by a number given for it, and check the premises.

    Parameters
    ----------
    reference : LanguageRows
        The language whose premises are trusted.
    numbers : sequence of str
        One per row; rows with equal numbers must have equal premises.
    prefix : str
        The split.

    Returns
    -------
    list of str
        Cluster ids, one per row.

    Raises
    ------
    DataError
        If a premise differs from that of an earlier row of the same number.
    """
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
    """Return a part whose rows carry cluster ids, and ids of their own if there are any.

    Parameters
    ----------
    part : LanguageRows
        Rows of one language.
    clusters : sequence of str
        Cluster id of each row of the reference language.
    row_ids : sequence of str, optional
        Id of each row.

    Returns
    -------
    LanguageRows
        A copy.

    Raises
    ------
    DataError
        If the part has another number of rows.
    """
    if len(part.rows) != len(clusters):
        raise DataError(
            f"{len(part.rows)} rows, but {len(clusters)} in English or in the list of premises: "
            "parallel languages need the same rows",
            where=str(part.file),
            remedy="Fetch the file again; a text may also hold a line break",
        )
    ids = row_ids if row_ids is not None else [None] * len(clusters)
    rows = [
        PairRow(row.index, row.where, row.text_a, row.text_b, row.label, cluster, row_id)
        for row, cluster, row_id in zip(part.rows, clusters, ids, strict=True)
    ]
    return LanguageRows(language=part.language, file=part.file, rows=rows)
