"""Data sets of pairs that differ in nothing but names: of files, of columns, of labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from crosscal.data.files.json_tree import Node
from crosscal.data.files.parquet import names_in_order, read_table
from crosscal.data.files.published import check_languages, read_published
from crosscal.data.files.records import Quoting, read_records, text, word
from crosscal.data.pairs.pairs import PAIRS, PairRow
from crosscal.data.reader import Format, ParsedFiles, Request
from crosscal.exceptions import DataError

BROKEN = "a row broken by a tab or line break (wrong number of columns)"
BLANK = "a blank text"
_MOST_LOST = 0.001
_ALWAYS_ALLOWED = 5


@dataclass(frozen=True, kw_only=True)
class PairColumns:
    """What the columns of a file of pairs are called, and how its labels are spelled.

    Attributes
    ----------
    text_a, text_b, label : str
        Names of columns.
    row_id : str or None
        Of the column with ids that must not occur twice.
    cluster : str or None
        Of the column that says which rows share a premise; without one, or without a value in
        it, equal first texts do.
    label_map : mapping of str to str
        Label in the file to label of the task, where they differ.
    dropped_labels : mapping of str to str
        Label in the file to the reason why its rows are left out and counted. Where labels are
        not required such rows are kept without one.
    """

    text_a: str
    text_b: str
    label: str = "label"
    row_id: str | None = None
    cluster: str | None = None
    label_map: Mapping[str, str] = field(default_factory=dict)
    dropped_labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PairFiles:
    """How a set of pairs lies on disk.

    Attributes
    ----------
    names : tuple of str
        Of its files, with ``{split}`` and ``{language}``; see `published_files`.
    columns : PairColumns
        Of these files.
    hub : PairColumns or None
        Of Parquet files, if they differ; their label -1 means that there is none.
    languages : tuple of str
        All that there are; empty if any.
    quoting : {"literal", "doubled"} or None
        As for `read_records`.
    absent_at_end : int
        How many cells a row may lack at its end.
    forgiving : bool
        Whether the published files hold a few broken or blank rows. They are left out and
        counted; more than 0.1 % and more than 5 are an error.
    """

    names: tuple[str, ...]
    columns: PairColumns
    hub: PairColumns | None = None
    languages: tuple[str, ...] = ("en",)
    quoting: Quoting | None = None
    absent_at_end: int = 0
    forgiving: bool = False


def pair_format(name: str, description: str, layout: PairFiles, *, parallel: bool) -> Format:
    """Return the format of a data set.

    Parameters
    ----------
    name, description : str
        See `Format`.
    layout : PairFiles
        How it lies on disk.
    parallel : bool
        Whether its languages share their rows.

    Returns
    -------
    Format
        For `crosscal.data.formats`.
    """
    return Format(
        schema=PAIRS,
        name=name,
        description=description,
        read=partial(read_pair_files, layout=layout, name=name),
        parallel=parallel,
    )


def read_pair_files(request: Request, *, layout: PairFiles, name: str) -> ParsedFiles:
    """Read a set of pairs.

    Parameters
    ----------
    request : Request
        What was asked.
    layout : PairFiles
        How the set lies on disk.
    name : str
        The format, for messages.

    Returns
    -------
    ParsedFiles
        One part a language.

    Raises
    ------
    DataError
        If a file is missing, damaged, or of another kind.
    SettingsError
        For a language that the set does not have, or a split that is not given.
    """
    dropped: Counter[str] = Counter()

    def rows(file: Path, first: int) -> list[PairRow]:
        return _rows(file, layout, columns_of(file, layout), request, dropped, first)

    if layout.languages:
        check_languages(request, layout.languages, name)
    parsed = read_published(request, layout.names, rows)
    label_map = columns_of(parsed.files[-1], layout).label_map
    return replace(parsed, dropped=dict(dropped), label_map=label_map)


def columns_of(file: Path, layout: PairFiles) -> PairColumns:
    """Return what the columns of a file are called."""
    return layout.hub if file.suffix == ".parquet" and layout.hub else layout.columns


def own_label_map(file: Path, columns: PairColumns) -> dict[str, str]:
    """Return the labels of a Parquet file that names its label numbers in an order of its own.

    Revisions of a data set on the Hub have had different orders; what a file says of itself
    counts.

    Parameters
    ----------
    file : pathlib.Path
        Any file.
    columns : PairColumns
        What its columns are called, and the usual spellings.

    Returns
    -------
    dict of str to str
        Number to label; empty if the usual order holds or the file is no Parquet.
    """
    usual = tuple(columns.label_map.values())
    if file.suffix != ".parquet" or not usual:
        return {}
    schema = read_table(file, (), (columns.label,)).schema
    names = names_in_order(schema, columns.label, usual)
    return {} if names is usual else {str(number): name for number, name in enumerate(names)}


def pair_rows(
    records: Iterable[Node], columns: PairColumns, request: Request, dropped: Counter[str]
) -> Iterable[PairRow]:
    """Make rows of records, leaving out those without a label that can be used.

    Parameters
    ----------
    records : iterable of Node
        In file order.
    columns : PairColumns
        What their columns are called.
    request : Request
        What was asked.
    dropped : Counter
        To which rows left out are added by reason.

    Yields
    ------
    PairRow
        Its index counts records from 0, those left out included.

    Raises
    ------
    DataError
        If a text is no text, or a label or id is no word.
    """
    prefix = request.split or "row"
    for index, record in enumerate(records):
        label = word(record, columns.label)
        reason = columns.dropped_labels.get(label or "")
        if reason is not None and request.require_labels:
            dropped[reason] += 1
            continue
        if reason is not None or label in ("", "-1"):
            label = None
        cluster = word(record, columns.cluster) if columns.cluster else None
        yield PairRow(
            index,
            record.place,
            text(record, columns.text_a),
            text(record, columns.text_b),
            label,
            f"{prefix}-premise-{cluster}" if cluster else None,
            word(record, columns.row_id) if columns.row_id else None,
        )


def _rows(
    file: Path,
    layout: PairFiles,
    columns: PairColumns,
    request: Request,
    dropped: Counter[str],
    first: int,
) -> list[PairRow]:
    wanted = [columns.text_a, columns.text_b]
    wanted += [columns.row_id] if columns.row_id else []
    optional = [columns.cluster] if columns.cluster else []
    (wanted if request.require_labels else optional).append(columns.label)
    broken: list[int] = []
    records = read_records(
        file,
        wanted,
        optional,
        quoting=layout.quoting,
        absent_at_end=layout.absent_at_end,
        on_wrong_count=broken.append if layout.forgiving else None,
    )
    spelled = own_label_map(file, columns)
    rows: list[PairRow] = []
    blank = 0
    for row in pair_rows(records, columns, request, dropped):
        if layout.forgiving and not (row.text_a.strip() and row.text_b.strip()):
            blank += 1
            continue
        # Broken rows are counted too, so that parallel files keep their numbers.
        index = first + row.index + len(broken)
        rows.append(replace(row, index=index, label=spelled.get(row.label or "", row.label)))
    if len(broken) + blank > max(_ALWAYS_ALLOWED, _MOST_LOST * len(rows)):
        raise DataError(
            f"{len(broken)} rows have the wrong number of columns and {blank} a blank text, far "
            "more than in the published file",
            where=f"{file}:{broken[0] if broken else 2}",
            remedy="Fetch the file again; quotes must not be interpreted when it is converted",
        )
    dropped.update({BROKEN: len(broken)} if broken else {})
    dropped.update({BLANK: blank} if blank else {})
    return rows
