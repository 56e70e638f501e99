"""Formats ``columns`` and ``columns-unaligned``: any set of labelled pairs, its columns named.

The user names columns by role: ``text_a``, ``text_b``, ``label``; if need be ``id`` (must not
occur twice), ``cluster`` (rows that depend on each other) and ``language`` (one file, several
languages). ``labels`` says how labels are spelled: ``"0 = entailment, 1 = neutral"``; rows whose
label is set to nothing, as ``"- ="``, are left out and counted. ``quoting = "doubled"`` reads a
file with tabs that was written with quoting. A path may be a file, hold ``{split}`` and
``{language}``, or be a folder.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import cast

from crosscal.data.files.naming import published_files
from crosscal.data.files.per_language import read_languages
from crosscal.data.files.records import SUFFIXES, Quoting, word
from crosscal.data.pairs.pair_files import PairColumns, columns_read, pair_rows
from crosscal.data.pairs.pairs import PAIRS, PairRow
from crosscal.data.reader import Format, ParsedFiles, Request
from crosscal.data.text import shown
from crosscal.exceptions import DataError, SettingsError
from crosscal.spelling import did_you_mean

ROLES = ("text_a", "text_b", "label", "id", "cluster", "language", "labels", "quoting")
_DROPPED = "rows labelled '{}', left out as the study says"
_BASES = ("{language}/{split}", "{split}-{language}", "{split}.{language}", "{split}")
_NAMES = tuple(base + suffix for base in _BASES for suffix in SUFFIXES)


def _read(request: Request) -> ParsedFiles:
    roles = request.columns
    quoting = _quoting(roles.get("quoting"))
    label_map, dropped_labels = _label_map(roles.get("labels", ""))
    of_language, cluster = roles.get("language"), roles.get("cluster")
    columns = PairColumns(
        text_a=roles.get("text_a", "text_a"),
        text_b=roles.get("text_b", "text_b"),
        label=roles.get("label", "label"),
        row_id=(roles["id"],) if roles.get("id") else (),
        cluster=cluster,
        required=tuple(name for name in (cluster, of_language) if name),
        label_map=label_map,
        dropped_labels=dropped_labels,
    )
    dropped: Counter[str] = Counter()

    def rows(file: Path, request: Request) -> list[PairRow]:
        (language,) = request.languages
        records = [
            record
            for record in columns_read(file, columns, request, quoting=quoting)
            if not of_language or word(record, of_language) == language
        ]
        own_rows = list(pair_rows(records, columns, request, dropped))
        if not own_rows and not dropped and of_language:
            raise DataError(
                f"no row is in language '{language}'",
                where=str(file),
                remedy=f"Look at column '{of_language}'",
            )
        return own_rows

    parsed = read_languages(request, _files, rows)
    return replace(parsed, dropped=dict(dropped), label_map=label_map)


def _files(request: Request, language: str) -> list[Path]:
    if "language" in request.columns:
        request = replace(request, languages=(language,))  # One file holds several.
    files = published_files(request, language, _NAMES)
    if len(files) > 1:
        raise SettingsError(
            f"{len(files)} files make up split '{request.split}', but this format reads one",
            where=str(request.path),
            remedy="Name one file, or join them",
        )
    return files


def _quoting(name: str | None) -> Quoting | None:
    if name not in (None, "literal", "doubled"):
        raise SettingsError(
            f"'{shown(str(name))}' is no way of quoting",
            where="columns.quoting",
            remedy=did_you_mean(str(name), ("literal", "doubled")),
        )
    return cast("Quoting | None", name)


def _label_map(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return label in the file to label of the task, and to the reason for leaving it out."""
    label_map: dict[str, str] = {}
    dropped_labels: dict[str, str] = {}
    for item in filter(str.strip, text.split(",")):
        file_label, equals, label = (part.strip() for part in item.partition("="))
        if not equals or not file_label or file_label in {*label_map, *dropped_labels}:
            raise SettingsError(
                f"'{shown(item.strip())}' does not say how a label is spelled, or says it again",
                where="columns.labels",
                remedy="Write pairs with commas between, for example '0 = entailment, - ='",
            )
        if label:
            label_map[file_label] = label
        else:
            dropped_labels[file_label] = _DROPPED.format(file_label)
    return label_map, dropped_labels


def _format(name: str, description: str, *, parallel: bool) -> Format:
    return Format(
        schema=PAIRS,
        name=name,
        description=description,
        read=_read,
        parallel=parallel,
        columns=ROLES,
    )


FORMATS = (
    _format(
        "columns",
        "any labelled pairs, columns named by role (text_a, text_b, label; id, cluster, language): "
        "TSV, CSV, JSON or Parquet; languages have the same rows",
        parallel=True,
    ),
    _format(
        "columns-unaligned",
        "as 'columns', but languages have rows of their own",
        parallel=False,
    ),
)
