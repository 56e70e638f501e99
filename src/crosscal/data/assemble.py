"""From rows to examples: the checks that every format shares."""

from __future__ import annotations

from typing import Any

from crosscal.data.reader import Dataset, Format, LanguageRows, ParsedFiles, Request, RowSchema
from crosscal.data.text import shown
from crosscal.exceptions import DataError

_LEAST_DIGITS = 5


def assemble(parsed: ParsedFiles, request: Request, format: Format) -> Dataset:
    """Check the rows of all languages and make examples of them.

    Parameters
    ----------
    parsed : ParsedFiles
        What the format's reader found.
    request : Request
        What was asked of it.
    format : Format
        Whose kind says what a row must be.

    Returns
    -------
    Dataset
        Unit ids are ``{split}-{row number}`` with at least five digits, the row number
        counted from 0 in the file with dropped rows included; ``row-...`` without a split.
        Cluster ids are those of the file, or the unit id of the first row with the same shared
        text: in the reference language (English if among those read, else the first) where
        languages are parallel, else in the language itself, with ``{language}/`` before it.

    Raises
    ------
    DataError
        For a row with a fault, an id that occurs twice, no rows at all, or parallel languages
        that differ in rows or in the ids of a row.
    """
    for part in parsed.parts:
        _check_rows(part, parsed, request, format.schema)
    if format.parallel:
        _check_parallel(parsed.parts)
    last = max(part.rows[-1].index for part in parsed.parts)
    digits = max(_LEAST_DIGITS, len(str(last)))
    prefix = request.split or "row"
    english = next((part for part in parsed.parts if part.language == "en"), parsed.parts[0])
    examples = []
    for part in parsed.parts:
        reference = english if format.parallel else part
        apart = "" if format.parallel else f"{part.language}/"
        clusters = _clusters(reference, format.schema, prefix, digits)
        examples += [
            format.schema.example(
                row, f"{prefix}-{row.index:0{digits}d}", apart + cluster, part.language, parsed
            )
            for row, cluster in zip(part.rows, clusters, strict=True)
        ]
    return Dataset(
        examples=tuple(examples),
        files=parsed.files,
        dropped=dict(parsed.dropped),
        parallel=format.parallel,
    )


def _check_rows(
    part: LanguageRows, parsed: ParsedFiles, request: Request, schema: RowSchema
) -> None:
    if not part.rows:
        kept = f" after dropping {sum(parsed.dropped.values())}" if parsed.dropped else ""
        raise DataError(
            f"no rows are left{kept} for language '{part.language}'",
            where=str(part.file),
            remedy="Check the file, the split and the language",
        )
    seen: dict[str, Any] = {}
    for row in part.rows:
        fault = next(schema.problems(row, parsed, request), None)
        if fault is not None:
            raise DataError(fault.what, where=f"{part.file}:{row.where}", remedy=fault.remedy)
        if row.row_id is not None:
            first = seen.setdefault(row.row_id, row)
            if first is not row:
                raise DataError(
                    f"id '{shown(row.row_id)}' occurs twice (first at {first.where})",
                    where=f"{part.file}:{row.where}",
                    remedy="Remove one of the rows or give it its own id",
                )


def _check_parallel(parts: list[LanguageRows]) -> None:
    first, *others = parts
    places = [row.index for row in first.rows]
    for part in others:
        if [row.index for row in part.rows] != places:
            raise DataError(
                f"{len(part.rows)} rows in '{part.language}' but {len(places)} in "
                f"'{first.language}' ({first.file.name}): parallel languages need the same rows",
                where=str(part.file),
                remedy="Fetch the shorter file again; a text may also hold a line break",
            )
        for mine, other in zip(part.rows, first.rows, strict=True):
            if mine.row_id != other.row_id:
                raise DataError(
                    f"id {_quoted(mine.row_id)} in '{part.language}' but "
                    f"{_quoted(other.row_id)} in '{first.language}' ({first.file.name}): "
                    "parallel languages need the same rows in the same order",
                    where=f"{part.file}:{mine.where}",
                    remedy="Fetch both files again, of the same version",
                )


def _quoted(row_id: str | None) -> str:
    return "none" if row_id is None else f"'{shown(row_id)}'"


def _clusters(reference: LanguageRows, schema: RowSchema, prefix: str, digits: int) -> list[str]:
    first_with: dict[str, int] = {}
    clusters = []
    for row in reference.rows:
        shared = schema.shared(row)
        first = row.index if shared is None else first_with.setdefault(shared, row.index)
        clusters.append(f"{prefix}-{first:0{digits}d}" if row.cluster is None else row.cluster)
    return clusters
