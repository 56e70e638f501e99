"""From rows to examples: the checks that every format shares."""

from __future__ import annotations

from typing import Any

from crosscal.data.reader import Dataset, Format, LanguageRows, ParsedFiles, Request, RowSchema
from crosscal.data.text import shown
from crosscal.exceptions import DataError

_MIN_DIGITS = 5


def assemble(parsed: ParsedFiles, request: Request, format: Format) -> Dataset:
    """Check the rows of all languages and make examples of them.

    Unit ids are ``{split}-{row number}`` (``row-...`` without a split), counted from 0 with dropped
    rows included. Cluster ids are those of the file, or the unit id of the first row with the same
    key: in the reference language where languages are parallel, else in the language itself, with
    ``{language}/`` before it.
    """
    for part in parsed.parts:
        _check_rows(part, parsed, request, format.schema)
    if format.parallel:
        _check_parallel(parsed.parts)
    last = max(part.rows[-1].index for part in parsed.parts)
    digits = max(_MIN_DIGITS, len(str(last)))
    examples = []
    for part in parsed.parts:
        reference = parsed.reference if format.parallel else part
        own = "" if format.parallel else f"{part.language}/"
        clusters = _clusters(reference, format.schema, request.prefix, digits)
        examples += [
            format.schema.example(
                row,
                f"{request.prefix}-{row.index:0{digits}d}",
                own + cluster,
                part.language,
                parsed.label_map,
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
        dropped = f" after dropping {sum(parsed.dropped.values())}" if parsed.dropped else ""
        raise DataError(
            f"no rows are left{dropped} for language '{part.language}'",
            where=str(part.file),
            remedy="Check the file, the split and the language",
        )
    first_with: dict[str, Any] = {}
    for row in part.rows:
        problem = next(schema.problems(row, request, parsed.label_map), None)
        if problem is not None:
            raise DataError(problem.what, where=f"{part.file}:{row.where}", remedy=problem.remedy)
        if row.row_id is not None:
            first = first_with.setdefault(row.row_id, row)
            if first is not row:
                raise DataError(
                    f"id '{shown(row.row_id)}' occurs twice (first at {first.where})",
                    where=f"{part.file}:{row.where}",
                    remedy="Remove one of the rows or give it its own id",
                )


def _check_parallel(parts: list[LanguageRows]) -> None:
    first, *others = parts
    indices = [row.index for row in first.rows]
    for part in others:
        if [row.index for row in part.rows] != indices:
            raise DataError(
                f"{len(part.rows)} rows in '{part.language}' but {len(indices)} in "
                f"'{first.language}' ({first.file.name}): parallel languages need the same rows",
                where=str(part.file),
                remedy="Fetch the shorter file again; a text may also hold a line break",
            )
        for row, other in zip(part.rows, first.rows, strict=True):
            if row.row_id != other.row_id:
                raise DataError(
                    f"id {_quoted(row.row_id)} in '{part.language}' but "
                    f"{_quoted(other.row_id)} in '{first.language}' ({first.file.name}): "
                    "parallel languages need the same rows in the same order",
                    where=f"{part.file}:{row.where}",
                    remedy="Fetch both files again, of the same version",
                )


def _quoted(row_id: str | None) -> str:
    return "none" if row_id is None else f"'{shown(row_id)}'"


def _clusters(reference: LanguageRows, schema: RowSchema, prefix: str, digits: int) -> list[str]:
    first_with: dict[str, int] = {}
    clusters = []
    for row in reference.rows:
        key = schema.cluster_key(row)
        first = row.index if key is None else first_with.setdefault(key, row.index)
        clusters.append(f"{prefix}-{first:0{digits}d}" if row.cluster is None else row.cluster)
    return clusters
