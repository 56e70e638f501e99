"""Formats ``columns`` and ``columns-unaligned``: any set of labelled texts, its columns named.

The user names columns by role: ``text`` of single texts, or ``text_a`` and ``text_b`` of pairs;
``label``; if need be ``id`` (must not occur twice), ``cluster`` (rows that depend on each other)
and ``language`` (one file, several languages). Where languages have columns of their own,
``{language}`` stands in a name. ``labels`` says how labels are spelled: ``"0 = entailment, 1 =
neutral"``; rows whose label is set to nothing, as ``"- ="``, are left out and counted.
``delimiter`` and ``quoting`` say how a file is written; else that is found, if its content leaves
one reading. A path may be a file, hold ``{split}`` and ``{language}``, or be a
folder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

from crosscal.data.files.dialect import DELIMITERS, Dialect, Quoting, find_dialect
from crosscal.data.files.hub import class_names
from crosscal.data.files.naming import published_files
from crosscal.data.files.parquet import is_table, names_of, read_table
from crosscal.data.files.per_language import read_languages
from crosscal.data.files.records import SUFFIXES, column_names, file_kind, word
from crosscal.data.pairs.pair_files import PairColumns, columns_read, pair_rows
from crosscal.data.pairs.pairs import PAIRS, PairRow
from crosscal.data.reader import Format, ParsedFiles, Request
from crosscal.data.text import shown
from crosscal.exceptions import DataError, SettingsError
from crosscal.spelling import did_you_mean

# What a role names is a column, or says how columns are to be read.
_COLUMNS = ("text", "text_a", "text_b", "label", "id", "cluster", "language")
_WRITING = ("delimiter", "quoting")
ROLES = (*_COLUMNS, "labels", *_WRITING)
_DROPPED = "rows labelled '{}', left out as the study says"
_BASES = ("{language}/{split}", "{split}-{language}", "{split}.{language}", "{split}")
_NAMES = tuple(base + suffix for base in _BASES for suffix in SUFFIXES)


def _read(request: Request) -> ParsedFiles:
    label_map, dropped_labels = _label_map(request.columns.get("labels", ""))
    delimiter = request.columns.get("delimiter")
    find = partial(
        find_dialect,
        delimiter=delimiter and _choice("delimiter", delimiter, DELIMITERS),
        quoting=_quoting(request.columns.get("quoting")),
    )
    dropped: Counter[str] = Counter()
    notes: list[str] = []

    def rows(file: Path, request: Request) -> list[PairRow]:
        (language,) = request.languages
        roles = {
            role: name.replace("{language}", language)
            for role, name in request.columns.items()
            if role in _COLUMNS
        }
        dialect = None
        if not is_table(file) and file_kind(file) not in (".json", ".jsonl"):
            dialect = find(file, _named(roles))
            notes.extend(dialect.notes)
        columns = replace(
            _columns(file, roles, dialect), label_map=label_map, dropped_labels=dropped_labels
        )
        of_language = roles.get("language")
        records = [
            record
            for record in columns_read(file, columns, request, dialect=dialect)
            if not of_language or word(record, of_language) == language
        ]
        names = _class_names(file, request, columns.label)
        spelled = {**label_map, **dropped_labels, **dict.fromkeys(request.labels, "")}
        own = {str(i): name for i, name in enumerate(names) if str(i) not in spelled}
        named = {i: dropped_labels[name] for i, name in own.items() if name in dropped_labels}
        columns = replace(columns, dropped_labels=dropped_labels | named)
        own_rows = [
            replace(row, label=own.get(row.label or "", row.label))
            for row in pair_rows(records, columns, request, dropped)
        ]
        if not own_rows and not dropped and of_language:
            raise DataError(
                f"no row is in language '{language}'",
                where=str(file),
                remedy=f"Look at column '{of_language}'",
            )
        return own_rows

    parsed = read_languages(request, _files, rows)
    return replace(parsed, dropped=dict(dropped), label_map=label_map, notes=tuple(notes))


def _class_names(file: Path, request: Request, column: str) -> Sequence[str]:
    """Return what the numbers of a column of labels are called, by the file or by its card."""
    own = None
    if is_table(file):
        own = names_of(read_table(file, (), (column,)).schema, column)
    card = class_names(request, request.languages[0], column)
    if own and card and own != card:
        raise DataError(
            f"the classes of '{column}' are {', '.join(own)}, but the card of the data set says "
            f"{', '.join(card)}",
            where=str(file),
            remedy='Say what the numbers mean, as labels = "0 = ..., 1 = ...", or mend the card',
        )
    return own or card or ()


def _named(roles: Mapping[str, str]) -> list[str]:
    """Return the names that a header must hold."""
    texts = [roles[role] for role in ("text", "text_a", "text_b") if role in roles]
    others = [name for role, name in roles.items() if not role.startswith("text")]
    return [*(texts or ("text_a", "text_b")), *others, *(["label"] * ("label" not in roles))]


def _columns(file: Path, roles: Mapping[str, str], dialect: Dialect | None) -> PairColumns:
    """Say which columns are read: a pair has two texts, and a single text is named as such."""
    first, second = roles.get("text_a", "text_a"), roles.get("text_b", "text_b")
    is_single = "text" in roles
    if is_single and ("text_a" in roles or "text_b" in roles):
        raise SettingsError(
            "'text' names a single text, but one of a pair is named too",
            where="columns",
            remedy="Name 'text', or 'text_a' and 'text_b'",
        )
    if not is_single and "text_a" in roles and first == roles.get("text_b"):
        raise SettingsError(
            f"column '{first}' is named as both texts of a pair",
            where="columns",
            remedy=f'Name it once, as a single text: text = "{first}"',
        )
    if "text_a" in roles and "text_b" not in roles:
        # Without a second text under its usual name there is none.
        is_single = second not in column_names(file, dialect)
    cluster, of_language = roles.get("cluster"), roles.get("language")
    return PairColumns(
        text_a=roles.get("text", first),
        text_b=None if is_single else second,
        label=roles.get("label", "label"),
        row_id=(roles["id"],) if roles.get("id") else (),
        cluster=cluster,
        required=tuple(name for name in (cluster, of_language) if name),
    )


def _files(request: Request, language: str) -> list[Path]:
    columns = {role: name for role, name in request.columns.items() if role in _COLUMNS}
    if "language" in columns or any("{language}" in name for name in columns.values()):
        request = replace(request, languages=(language,))  # One file holds several.
    files = published_files(request, language, _NAMES)
    if len(files) > 1 and not request.hub:
        raise SettingsError(
            f"{len(files)} files make up split '{request.split}', but this format reads one",
            where=str(request.path),
            remedy="Name one file, or join them",
        )
    return files


def _choice(role: str, name: str, signs: Mapping[str, str]) -> str:
    """Return the sign of a name, or the sign itself."""
    if name in signs.values():
        return name
    if name not in signs:
        raise SettingsError(
            f"'{shown(name)}' is no {role}",
            where=f"columns.{role}",
            remedy=did_you_mean(name, signs),
        )
    return signs[name]


def _quoting(name: str | None) -> Quoting | None:
    if name is None:
        return None
    return cast("Quoting", _choice("quoting", name, {"literal": "literal", "doubled": "doubled"}))


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
        hub=True,
    )


FORMATS = (
    _format(
        "columns",
        "any labelled texts or pairs, columns named by role (text, or text_a and text_b; label; "
        "id, cluster, language): TSV, CSV, JSON or Parquet; languages have the same rows",
        parallel=True,
    ),
    _format(
        "columns-unaligned",
        "as 'columns', but languages have rows of their own",
        parallel=False,
    ),
)
