"""Data sets of multiple-choice questions: from their files to rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from crosscal.data.choices.choices import CHOICES, ChoiceRow
from crosscal.data.files.json_tree import Node
from crosscal.data.files.published import check_languages, read_published
from crosscal.data.files.records import read_records, word
from crosscal.data.reader import Format, ParsedFiles, Request
from crosscal.data.text import shown


@dataclass(frozen=True, kw_only=True)
class OptionFiles:
    """How a set of questions lies on disk.

    Attributes
    ----------
    names : tuple of str
        Of its files, with ``{split}`` and ``{language}``; see `published_files`.
    wanted, optional : tuple of str
        Columns or keys that must and that may be there.
    row : callable
        From (index, record, request) to a row; asks `word` for what may be missing.
    languages : tuple of str
        All that there are; empty if any.
    """

    names: tuple[str, ...]
    wanted: tuple[str, ...]
    optional: tuple[str, ...]
    row: Callable[[int, Node, Request], ChoiceRow]
    languages: tuple[str, ...] = ("en",)


def option_format(
    name: str, description: str, layout: OptionFiles, *, parallel: bool = True
) -> Format:
    """Return the format of a data set.

    Parameters
    ----------
    name, description : str
        See `Format`.
    layout : OptionFiles
        How it lies on disk.
    parallel : bool, default True
        Whether its languages share their rows.

    Returns
    -------
    Format
        For `crosscal.data.formats`.
    """
    return Format(
        schema=CHOICES,
        name=name,
        description=description,
        read=partial(read_option_files, layout=layout, name=name),
        parallel=parallel,
    )


def read_option_files(request: Request, *, layout: OptionFiles, name: str) -> ParsedFiles:
    """Read a set of questions.

    Parameters
    ----------
    request : Request
        What was asked.
    layout : OptionFiles
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

    def rows(file: Path, first: int) -> list[ChoiceRow]:
        records = read_records(file, layout.wanted, layout.optional)
        return [layout.row(index, record, request) for index, record in enumerate(records, first)]

    if layout.languages:
        check_languages(request, layout.languages, name)
    return read_published(request, layout.names, rows)


def answer_among(record: Node, name: str, names: Sequence[str]) -> int | None:
    """Return the place of the right option by what the file calls it.

    Parameters
    ----------
    record : Node
        A question.
    name : str
        Column or key that holds the answer.
    names : sequence of str
        What the options are called, in their order: ``"A"``, ``"B"``, ...

    Returns
    -------
    int or None
        Counted from 0; None if the file does not say (nothing, an empty text, or -1).

    Raises
    ------
    DataError
        If no option is called so.
    """
    called = word(record, name)
    if called in (None, "", "-1"):
        return None
    if called not in names:
        raise record.fault(
            f"no option is called '{shown(str(called))}' ('{name}')",
            f"The options are {', '.join(shown(str(n)) for n in names)}",
        )
    return list(names).index(called)
