"""From rows to examples: the checks that every format shares."""

from __future__ import annotations

import re

from crosscal.data.examples import PairExample
from crosscal.data.reading import Part, Raw, Reading, Request, Row
from crosscal.errors import DataError
from crosscal.spelling import did_you_mean

_NOT_TEXT = re.compile("[\0\ud800-\udfff]")
_LEAST_DIGITS = 5


def assemble(raw: Raw, request: Request) -> Reading:
    """Check the rows of all languages and make examples of them.

    Parameters
    ----------
    raw : Raw
        What the format's reader found.
    request : Request
        What was asked of it.

    Returns
    -------
    Reading
        Unit ids are ``{split}-{row number}`` with at least five digits, the row number
        counted from 0 in the file with dropped rows included; ``row-...`` without a split.
        Cluster ids are those of the file, or the unit id of the first row of the reference
        language (English if among those read, else the first) with the same `text_a`.

    Raises
    ------
    DataError
        For an empty text, NUL or lone surrogate, a missing or unknown label, an id that
        occurs twice, no rows at all, or parallel languages that differ in rows.
    """
    for part in raw.parts:
        _check_rows(part, raw, request)
    _check_parallel(raw.parts)
    last = max(part.rows[-1].index for part in raw.parts)
    digits = max(_LEAST_DIGITS, len(str(last)))
    prefix = request.split or "row"
    clusters = _clusters(raw.parts, prefix, digits)
    examples = tuple(
        PairExample(
            unit_id=f"{prefix}-{row.index:0{digits}d}",
            cluster_id=cluster,
            language=part.language,
            text_a=row.text_a,
            text_b=row.text_b,
            label=None if row.label is None else raw.spellings.get(row.label, row.label),
        )
        for part in raw.parts
        for row, cluster in zip(part.rows, clusters, strict=True)
    )
    return Reading(examples=examples, files=raw.files, dropped=dict(raw.dropped))


def _check_rows(part: Part, raw: Raw, request: Request) -> None:
    if not part.rows:
        kept = f" after dropping {sum(raw.dropped.values())}" if raw.dropped else ""
        raise DataError(
            f"no rows are left{kept} for language '{part.language}'",
            where=str(part.file),
            remedy="Check the file, the split and the language",
        )
    known = set(request.labels)
    seen: dict[str, Row] = {}
    for row in part.rows:
        for name, text in (("first", row.text_a), ("second", row.text_b)):
            if not text.strip():
                raise _at(part, row, f"the {name} text is empty", "Fill in or remove the row")
            if _NOT_TEXT.search(text):
                raise _at(
                    part,
                    row,
                    f"the {name} text holds a NUL character or half a surrogate pair",
                    "The text was damaged when it was converted; fetch the file again",
                )
        if row.label is None:
            if request.require_labels:
                raise _at(
                    part,
                    row,
                    "the row has no label",
                    "Choose a split that has labels; some data sets publish tests without",
                )
        elif raw.spellings.get(row.label, row.label) not in known:
            # A file may spell its labels in its own way: name those, they are what is seen.
            own = [spelling for spelling, label in raw.spellings.items() if label in known]
            raise _at(
                part,
                row,
                f"unknown label '{_shown(row.label)}'",
                did_you_mean(row.label, [*request.labels, *own]),
            )
        if row.identity is not None:
            first = seen.setdefault(row.identity, row)
            if first is not row:
                raise _at(
                    part,
                    row,
                    f"id '{_shown(row.identity)}' occurs twice (first at {first.where})",
                    "Remove one of the rows or give it its own id",
                )


def _check_parallel(parts: list[Part]) -> None:
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


def _clusters(parts: list[Part], prefix: str, digits: int) -> list[str]:
    reference = next((part for part in parts if part.language == "en"), parts[0])
    first_with: dict[str, int] = {}
    return [
        f"{prefix}-{first_with.setdefault(row.text_a, row.index):0{digits}d}"
        if row.cluster is None
        else row.cluster
        for row in reference.rows
    ]


def _at(part: Part, row: Row, what: str, remedy: str) -> DataError:
    return DataError(what, where=f"{part.file}:{row.where}", remedy=remedy)


def _shown(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[:most] + "..."
