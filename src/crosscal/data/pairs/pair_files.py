"""Data sets of pairs as declarations: what their files, columns and labels are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from crosscal.data.files.dialect import Dialect, Quoting
from crosscal.data.files.json_tree import Node
from crosscal.data.files.lines import read_lines
from crosscal.data.files.naming import check_languages, published_files
from crosscal.data.files.parquet import is_table, names_in_order, read_table
from crosscal.data.files.per_language import read_languages
from crosscal.data.files.records import read_records, text, word
from crosscal.data.pairs.pairs import PAIRS, PairRow
from crosscal.data.reader import Format, ParsedFiles, Request
from crosscal.exceptions import DataError

BROKEN = "a row broken by a tab or line break (wrong number of columns)"
BLANK = "a blank text"
NO_AGREEMENT = "annotators did not agree on a label ('-')"


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """Published files that hold a few broken or blank rows, which are dropped and counted.

    More than `share` of the rows and more than `always` are an error.
    """

    broken: str = BROKEN  # the reason why a row with another number of columns is dropped
    blank: str = BLANK
    share: float = 0.001
    always: int = 5


@dataclass(frozen=True, kw_only=True)
class PairColumns:
    """What the columns of a file of pairs are called, and how its labels are spelled."""

    text_a: str
    text_b: str | None  # None: single texts
    label: str = "label"
    other_label: str | None = None  # the column of labels in files that lack the usual one
    row_id: tuple[str, ...] = ()  # together they must not occur twice
    cluster: str | None = None  # rows that share a premise; without it, or a value, equal text_a
    required: tuple[str, ...] = ()  # further columns that must be there
    label_map: Mapping[str, str] = field(default_factory=dict)  # label in the file to the task's
    # Label to the reason why its rows are dropped; where labels are not required they are kept.
    dropped_labels: Mapping[str, str] = field(default_factory=dict)
    unlabelled: tuple[str, ...] = ("", "-1")  # in place of a label
    tolerance: Tolerance | None = None

    def label_of(self, file: Path) -> str:
        """Return the column of labels in a file."""
        if self.other_label is None or is_table(file):
            return self.label
        header = next(read_lines(file))[1].split("\t")
        is_other = self.label not in header and self.other_label in header
        return self.other_label if is_other else self.label


HUB_NLI = PairColumns(
    text_a="premise",
    text_b="hypothesis",
    label_map={"0": "entailment", "1": "neutral", "2": "contradiction"},
)
"""Most sets of inference on the Hugging Face Hub."""


@dataclass(frozen=True, kw_only=True)
class PairFiles:
    """How a set of pairs lies on disk."""

    names: tuple[str, ...]  # of its files, as for `published_files`
    columns: PairColumns
    hub: PairColumns | None = None  # of Parquet files, if they differ
    languages: tuple[str, ...] = ("en",)  # all that there are; empty if any
    read_as: str | None = None  # as for `read_records`
    quoting: Quoting | None = None
    absent_at_end: int = 0  # how many cells a row may lack at its end
    drop: Callable[[Node], str | None] = lambda record: None  # why a row is dropped, if it is
    clean: Callable[[str], str] = str  # what is done to every text
    # What follows from the rows together, for example which share a premise.
    finish: Callable[[ParsedFiles, Request], ParsedFiles] = lambda parsed, request: parsed

    def columns_of(self, file: Path) -> PairColumns:
        """Return what the columns of a file are called."""
        return self.hub if is_table(file) and self.hub else self.columns


def pair_format(name: str, description: str, layout: PairFiles, *, parallel: bool = True) -> Format:
    """Return the format of a data set."""

    def read(request: Request) -> ParsedFiles:
        return layout.finish(read_pair_files(request, layout, name), request)

    return Format(
        schema=PAIRS, name=name, description=description, read=read, parallel=parallel, hub=True
    )


def read_pair_files(request: Request, layout: PairFiles, name: str) -> ParsedFiles:
    """Read a set of pairs in the format of that name."""
    dropped: Counter[str] = Counter()
    if layout.languages:
        check_languages(request, layout.languages, name)
    parsed = read_languages(
        request,
        lambda request, language: published_files(request, language, layout.names),
        lambda file, request: file_rows(file, request, layout, dropped),
    )
    label_map = layout.columns_of(parsed.files[-1]).label_map
    return replace(parsed, dropped=dict(dropped), label_map=label_map)


def file_rows(
    file: Path, request: Request, layout: PairFiles, dropped: Counter[str]
) -> list[PairRow]:
    """Read one file; rows that are dropped are added to `dropped` by reason."""
    columns = layout.columns_of(file)
    columns = replace(columns, label=columns.label_of(file))
    broken: list[int] = []
    records = columns_read(
        file,
        columns,
        request,
        read_as=layout.read_as,
        quoting=layout.quoting,
        absent_at_end=layout.absent_at_end,
        on_wrong_count=broken.append if columns.tolerance else None,
    )
    own_names = _own_label_map(file, columns)
    rows: list[PairRow] = []
    blank = 0
    for row in pair_rows(records, columns, request, dropped, layout.drop):
        if columns.tolerance and not (row.text_a.strip() and (row.text_b or "").strip()):
            blank += 1
            continue
        rows.append(
            replace(
                row,
                # Broken rows are counted too, so that parallel files keep their numbers.
                index=row.index + len(broken),
                text_a=layout.clean(row.text_a),
                text_b=row.text_b and layout.clean(row.text_b),
                label=own_names.get(row.label or "", row.label),
            )
        )
    if columns.tolerance:
        _count_damage(file, columns.tolerance, broken, blank, len(rows), dropped)
    return rows


def columns_read(
    file: Path,
    columns: PairColumns,
    request: Request,
    *,
    read_as: str | None = None,
    quoting: Quoting | None = None,
    dialect: Dialect | None = None,
    absent_at_end: int = 0,
    on_wrong_count: Callable[[int], None] | None = None,
) -> Iterator[Node]:
    """Yield the rows of a file with these columns."""
    texts = [name for name in (columns.text_a, columns.text_b) if name is not None]
    required = [*texts, *columns.row_id, *columns.required]
    optional = [columns.cluster] if columns.cluster else []
    (required if request.require_labels else optional).append(columns.label)
    return read_records(
        file,
        required,
        [name for name in optional if name not in required],
        read_as=read_as,
        quoting=quoting,
        dialect=dialect,
        absent_at_end=absent_at_end,
        on_wrong_count=on_wrong_count,
    )


def pair_rows(
    records: Iterable[Node],
    columns: PairColumns,
    request: Request,
    dropped: Counter[str],
    drop: Callable[[Node], str | None] = lambda record: None,
) -> Iterator[PairRow]:
    """Make rows of records, without those that have no label of use or that `drop` names."""
    for index, record in enumerate(records):
        label = word(record, columns.label)
        no_label = columns.dropped_labels.get(label or "")
        reason = drop(record) or (no_label if request.require_labels else None)
        if reason is not None:
            dropped[reason] += 1
            continue
        if no_label is not None or label in columns.unlabelled:
            label = None
        cluster = word(record, columns.cluster) if columns.cluster else None
        row_ids = [word(record, name) for name in columns.row_id]
        yield PairRow(
            index,
            record.location,
            text(record, columns.text_a),
            None if columns.text_b is None else text(record, columns.text_b),
            label,
            cluster=f"{request.prefix}-premise-{cluster}" if cluster else None,
            row_id=None if None in row_ids or not row_ids else " and ".join(map(str, row_ids)),
        )


def _own_label_map(file: Path, columns: PairColumns) -> dict[str, str]:
    """Return number to label where a Parquet file says another order than is usual.

    Revisions of a data set on the Hub have had different orders; what a file says of itself counts.
    """
    usual = tuple(columns.label_map.values())
    if not is_table(file) or not usual:
        return {}
    schema = read_table(file, (), (columns.label,)).schema
    names = names_in_order(schema, columns.label, usual)
    return {} if names is usual else {str(number): name for number, name in enumerate(names)}


def _count_damage(
    file: Path,
    tolerance: Tolerance,
    broken: list[int],
    blank: int,
    n_rows: int,
    dropped: Counter[str],
) -> None:
    if len(broken) + blank > max(tolerance.always, tolerance.share * n_rows):
        raise DataError(
            f"{len(broken)} rows have the wrong number of columns and {blank} {tolerance.blank}, "
            "far more than in the published file",
            where=f"{file}:{broken[0] if broken else 2}",
            remedy="Fetch the file again; quotes must not be interpreted when it is converted",
        )
    dropped.update({tolerance.broken: len(broken)} if broken else {})
    dropped.update({tolerance.blank: blank} if blank else {})
