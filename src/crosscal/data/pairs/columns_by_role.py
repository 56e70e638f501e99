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

from crosscal.data.files.json_tree import Node
from crosscal.data.files.published import published_files
from crosscal.data.files.records import SUFFIXES, Quoting, read_records, word
from crosscal.data.pairs.pair_files import PairColumns, pair_rows
from crosscal.data.pairs.pairs import PAIRS
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.data.text import shown
from crosscal.exceptions import DataError, SettingsError
from crosscal.spelling import did_you_mean

ROLES = ("text_a", "text_b", "label", "id", "cluster", "language", "labels", "quoting")
_LEFT_OUT = "rows labelled '{}', left out as the study says"
_BASES = ("{language}/{split}", "{split}-{language}", "{split}.{language}", "{split}")
_NAMES = tuple(base + suffix for base in _BASES for suffix in SUFFIXES)


def _read(request: Request) -> ParsedFiles:
    asked = request.columns
    label_map, dropped_labels = _label_map(asked.get("labels", ""))
    columns = PairColumns(
        text_a=asked.get("text_a", "text_a"),
        text_b=asked.get("text_b", "text_b"),
        label=asked.get("label", "label"),
        row_id=asked.get("id"),
        cluster=asked.get("cluster"),
        label_map=label_map,
        dropped_labels=dropped_labels,
    )
    dropped: Counter[str] = Counter()
    parts: list[LanguageRows] = []
    files: list[Path] = []
    for language in request.languages:
        for file in _files(request, language):
            records = _records(file, language, columns, request)
            rows = list(pair_rows(records, columns, request, dropped))
            if not rows and not dropped and "language" in asked:
                raise DataError(
                    f"no row is in language '{language}'",
                    where=str(file),
                    remedy=f"Look at column '{asked['language']}'",
                )
            parts.append(LanguageRows(language=language, file=file, rows=rows))
            files.append(file)
    return ParsedFiles(
        parts=parts,
        files=tuple(dict.fromkeys(files)),
        dropped=dict(dropped),
        label_map=label_map,
    )


def _files(request: Request, language: str) -> list[Path]:
    if "language" in request.columns:
        request = replace(request, languages=(language,))  # One file holds several.
    found = published_files(request, language, _NAMES)
    if len(found) > 1:
        raise SettingsError(
            f"{len(found)} files make up split '{request.split}', but this format reads one",
            where=str(request.path),
            remedy="Name one file, or join them",
        )
    return found


def _records(file: Path, language: str, columns: PairColumns, request: Request) -> list[Node]:
    wanted = [columns.text_a, columns.text_b]
    wanted += [name for name in (columns.row_id, columns.cluster) if name]
    optional: list[str] = []
    (wanted if request.require_labels else optional).append(columns.label)
    of_language = request.columns.get("language")
    wanted += [of_language] if of_language else []
    quoting = request.columns.get("quoting")
    if quoting not in (None, "literal", "doubled"):
        raise SettingsError(
            f"'{shown(str(quoting))}' is no way of quoting",
            where="columns.quoting",
            remedy=did_you_mean(str(quoting), ("literal", "doubled")),
        )
    records = read_records(file, wanted, optional, quoting=cast("Quoting | None", quoting))
    return [
        record for record in records if of_language is None or word(record, of_language) == language
    ]


def _label_map(listed: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return label in the file to label of the task, and to the reason for leaving it out."""
    label_map: dict[str, str] = {}
    dropped_labels: dict[str, str] = {}
    for item in filter(str.strip, listed.split(",")):
        spelled, equals, label = (part.strip() for part in item.partition("="))
        if not equals or not spelled or spelled in {*label_map, *dropped_labels}:
            raise SettingsError(
                f"'{shown(item.strip())}' does not say how a label is spelled, or says it again",
                where="columns.labels",
                remedy="Write pairs with commas between, for example '0 = entailment, - ='",
            )
        if label:
            label_map[spelled] = label
        else:
            dropped_labels[spelled] = _LEFT_OUT.format(spelled)
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
