"""From rows to examples: the checks that every format shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crosscal.data.reader import (
    Dataset,
    Format,
    LanguageRows,
    ParsedFiles,
    Request,
    RowSchema,
    reference_of,
)
from crosscal.data.text import shown
from crosscal.exceptions import DataError

_MIN_DIGITS = 5
_NOT_IN_ALL = "the id is not that of a row in every language"


@dataclass(frozen=True, kw_only=True)
class ParsedSource:
    """What one source of some languages held."""

    parsed: ParsedFiles
    request: Request
    format: Format


def assemble(
    sources: Sequence[ParsedSource], languages: Sequence[str], *, prefix: str, join: bool = False
) -> Dataset:
    """Check the rows of all languages and make examples of them, language by language.

    Unit ids are ``{prefix}-{row number}``, counted from 0 with dropped
    rows included. Cluster ids are those of the file, or the unit id of the first row with the same
    key: in the reference language where languages are parallel, else in the language itself, with
    ``{language}/`` before it. `join` makes languages parallel by the ids of their rows.
    """
    label_maps: dict[str, Mapping[str, str]] = {}
    dropped: Counter[str] = Counter()
    for source in sources:
        for part in source.parsed.parts:
            _check_rows(part, source.parsed, source.request, source.format.schema)
            label_maps[part.language] = source.parsed.label_map
        dropped.update(source.parsed.dropped)
    parts = sorted(
        (part for source in sources for part in source.parsed.parts),
        key=lambda part: languages.index(part.language),
    )
    parallel = join or all(source.format.parallel for source in sources)
    if join:
        parts = _joined(parts, dropped)
    elif parallel:
        _check_parallel(parts)
    return Dataset(
        examples=_examples(parts, label_maps, sources[0].format.schema, prefix, parallel),
        files=tuple(dict.fromkeys(file for source in sources for file in source.parsed.files)),
        dropped=dict(dropped),
        parallel=parallel,
        notes=tuple(dict.fromkeys(note for source in sources for note in source.parsed.notes)),
    )


def _examples(
    parts: Sequence[LanguageRows],
    label_maps: Mapping[str, Mapping[str, str]],
    schema: RowSchema,
    prefix: str,
    parallel: bool,
) -> tuple[Any, ...]:
    digits = max(_MIN_DIGITS, len(str(max(part.rows[-1].index for part in parts))))
    examples: list[Any] = []
    for part in parts:
        reference = reference_of(parts) if parallel else part
        own = "" if parallel and schema.same_units else f"{part.language}/"
        clusters = _clusters(reference, schema, prefix, digits)
        examples += [
            schema.example(
                row,
                f"{prefix}-{row.index:0{digits}d}",
                own + cluster,
                part.language,
                label_maps[part.language],
            )
            for row, cluster in zip(part.rows, clusters, strict=True)
        ]
    return tuple(examples)


def _joined(parts: Sequence[LanguageRows], dropped: Counter[str]) -> list[LanguageRows]:
    """Keep the rows that all languages have by their ids, in the order of the reference."""
    by_id: dict[str, dict[str, Any]] = {}
    for part in parts:
        nameless = next((row for row in part.rows if row.row_id is None), None)
        if nameless is not None or part.language in by_id:
            raise DataError(
                "these rows have no id to be joined by",
                where=str(part.file) if nameless is None else f"{part.file}:{nameless.where}",
                remedy='Name the column of ids, as columns = { id = "..." }, or leave out join',
            )
        by_id[part.language] = {row.row_id: row for row in part.rows}
    reference = by_id[reference_of(parts).language]
    common = [row_id for row_id in reference if all(row_id in rows for rows in by_id.values())]
    if not common:
        firsts = ", ".join(f"'{shown(next(iter(by_id[c])))}' in '{c}'" for c in by_id)
        raise DataError(
            f"no id is in every language (the first are {firsts})",
            where=str(parts[0].file),
            remedy="Check that equal ids mean the same item, or leave out join",
        )
    left_out = sum(len(rows) - len(common) for rows in by_id.values())
    if left_out:
        dropped[_NOT_IN_ALL] += left_out
    return [
        replace(
            part,
            rows=[
                replace(by_id[part.language][row_id], index=reference[row_id].index)
                for row_id in common
            ],
        )
        for part in parts
    ]


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
                remedy="Fetch the shorter file again; a text may also hold a line break. Rows with "
                "ids of their own can be matched by them: join = true",
            )
        for row, other in zip(part.rows, first.rows, strict=True):
            if row.row_id != other.row_id:
                raise DataError(
                    f"id {_quoted(row.row_id)} in '{part.language}' but "
                    f"{_quoted(other.row_id)} in '{first.language}' ({first.file.name}): "
                    "parallel languages need the same rows in the same order",
                    where=f"{part.file}:{row.where}",
                    remedy="Fetch both files again, of the same version, or match rows by their "
                    "ids: join = true",
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
