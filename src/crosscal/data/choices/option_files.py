"""Data sets of multiple-choice questions as declarations: files, keys, and a row of each record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosscal.data.choices.choices import CHOICES, ChoiceRow
from crosscal.data.files.json_tree import Node
from crosscal.data.files.naming import check_languages, published_files
from crosscal.data.files.per_language import read_languages
from crosscal.data.files.records import read_records, word
from crosscal.data.reader import Format, ParsedFiles, Request
from crosscal.data.text import shown


@dataclass(frozen=True, kw_only=True)
class OptionFiles:
    """How a set of questions lies on disk."""

    names: tuple[str, ...]  # of its files, as for `published_files`
    required: tuple[str, ...]  # columns or keys
    optional: tuple[str, ...]
    row: Callable[[int, Node, Request], ChoiceRow]  # from index and record
    languages: tuple[str, ...] = ("en",)  # all that there are; empty if any
    # Reads a file that is not made of records, if it is one.
    other_form: Callable[[Path], list[ChoiceRow] | None] = lambda file: None
    # What further files say about the rows.
    finish: Callable[[ParsedFiles], ParsedFiles] = lambda parsed: parsed


def option_format(name: str, description: str, layout: OptionFiles) -> Format:
    """Return the format of a data set."""

    def find(request: Request, language: str) -> list[Path]:
        return published_files(request, language, layout.names)

    def rows(file: Path, request: Request) -> list[ChoiceRow]:
        other = layout.other_form(file)
        if other is not None:
            return other
        records = read_records(file, layout.required, layout.optional)
        return [layout.row(index, record, request) for index, record in enumerate(records)]

    def read(request: Request) -> ParsedFiles:
        if layout.languages:
            check_languages(request, layout.languages, name)
        return layout.finish(read_languages(request, find, rows))

    return Format(schema=CHOICES, name=name, description=description, read=read, hub=True)


def answer_among(record: Node, name: str, names: Sequence[str]) -> int | None:
    """Return the index of the right option by what the file calls it.

    None if the file does not say: nothing, an empty text, or -1.
    """
    answer = word(record, name)
    if answer in (None, "", "-1"):
        return None
    if answer not in names:
        raise record.fault(
            f"no option is called '{shown(str(answer))}' ('{name}')",
            f"The options are {', '.join(shown(str(n)) for n in names)}",
        )
    return list(names).index(answer)
