"""What a reader is asked, what it found row by row, and what it hands over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosscal.data.examples import Example


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is to be read.

    Attributes
    ----------
    path : pathlib.Path or None
        File or folder, as the format says; None only for the built-in sets.
    split : str or None
        For example ``"train"``; None if the path names one file.
    languages : tuple of str
        Codes, in the order wanted.
    labels : tuple of str
        The task's labels, in its order; empty if it has none, or any.
    require_labels : bool
        Whether a row without label is an error.
    columns : mapping of str to str
        For formats whose columns the user names: role to name.
    """

    path: Path | None
    split: str | None
    languages: tuple[str, ...]
    labels: tuple[str, ...]
    require_labels: bool = True
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class LanguageRows:
    """The rows of one language.

    Attributes
    ----------
    language : str
        Code.
    file : pathlib.Path
        Where the rows come from, for messages.
    rows : list
        In file order, each of the row type of the format's kind. Every row type has ``index``
        (zero-based number of the data row in its file and language, dropped rows counted),
        ``where`` (line number, or another name of the place), ``cluster`` (what the file says
        about dependence, or None) and ``row_id`` (an id of the file's own that must not occur
        twice, or None).
    """

    language: str
    file: Path
    rows: list[Any]


@dataclass(frozen=True, kw_only=True)
class ParsedFiles:
    """Everything a format's reader found.

    Attributes
    ----------
    parts : list of LanguageRows
        One per language wanted, in that order; where languages are not parallel, one a file.
    files : tuple of pathlib.Path
        Every file read, each once.
    dropped : dict of str to int
        How many rows were left out, by reason.
    label_map : mapping of str to str
        Label in the file to label of the task, where they differ.
    """

    parts: list[LanguageRows]
    files: tuple[Path, ...]
    dropped: dict[str, int] = field(default_factory=dict)
    label_map: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Examples and what became of the rest.

    Attributes
    ----------
    examples : tuple of examples
        Language by language in the order asked, rows in file order.
    files : tuple of pathlib.Path
        Every file read (labels and premise ids may lie in files of their own), for hashing.
    dropped : dict of str to int
        How many rows were left out, by reason; empty if none.
    parallel : bool
        Whether languages share their rows: row i of each translates row i of the others.
    """

    examples: tuple[Any, ...]
    files: tuple[Path, ...]
    dropped: dict[str, int]
    parallel: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row, and what to do about it.

    Attributes
    ----------
    what, remedy : str
        Sentences for the user, without final stop.
    """

    what: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class RowSchema:
    """What rows of one family of tasks must fulfil, and how examples are made of them.

    Attributes
    ----------
    family : str
        As tasks name it.
    problems : callable
        From (row, parsed, request) to what is wrong with the row, worst first.
    shared : callable
        From a row to the text whose equality makes rows of a file one cluster; None if the row
        stands alone.
    example : callable
        From (row, unit id, cluster id, language, parsed) to an example.
    """

    family: str
    problems: Callable[[Any, ParsedFiles, Request], Iterator[Problem]]
    shared: Callable[[Any], str | None]
    example: Callable[[Any, str, str, str, ParsedFiles], Example]


@dataclass(frozen=True, kw_only=True)
class Format:
    """A public file format.

    Attributes
    ----------
    name : str
        As written in a study file.
    description : str
        One line: which files, which columns.
    schema : RowSchema
        What its rows are.
    read : callable
        From `Request` to `ParsedFiles`.
    parallel : bool
        Whether languages share their rows; if not, ids of clusters begin with the language.
    needs_path : bool
        False for the sets that come with the package.
    columns : tuple of str
        Roles of columns that the user names; empty for most formats.
    """

    name: str
    description: str
    schema: RowSchema
    read: Callable[[Request], ParsedFiles]
    parallel: bool = True
    needs_path: bool = True
    columns: tuple[str, ...] = ()
