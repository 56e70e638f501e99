"""What a reader is asked for, the rows it parses, and the examples that are made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosscal.data.examples import Example
from crosscal.exceptions import SettingsError
from crosscal.languages import is_english


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
        Codes, in the order in which they are returned.
    labels : tuple of str
        The task's labels, in its order; empty if it has none, or any.
    require_labels : bool
        Whether a row without label is an error.
    columns : mapping of str to str
        For formats whose columns the user names: role to name.
    hub : str or None
        In place of a path: a data set of the Hub by its id, or a folder in the Hub's layout.
    config : str or None
        Its configuration; ``{language}`` stands for the language.
    network : bool
        Whether it may be downloaded.
    """

    path: Path | None
    split: str | None
    languages: tuple[str, ...]
    labels: tuple[str, ...]
    require_labels: bool = True
    columns: Mapping[str, str] = field(default_factory=dict)
    hub: str | None = None
    config: str | None = None
    network: bool = False

    @property
    def source(self) -> Path:
        """The path, in formats that cannot do without."""
        assert self.path is not None
        return self.path

    @property
    def prefix(self) -> str:
        """What ids of units and clusters begin with."""
        return self.split or "row"

    def needed_split(self, example: str = "Name one: 'train', 'dev' or 'test'") -> str:
        """Return the split, or say that there is none."""
        if self.split is None:
            raise SettingsError(
                "no split is given", where=str(self.path or self.hub), remedy=example
            )
        return self.split


@dataclass(frozen=True, slots=True)
class Row:
    """What the rows of every family have; the rest is checked by their `RowSchema`."""

    index: int  # of the data row in its language, from 0, dropped rows counted
    where: int | str  # line number, or another name of the place in the file
    cluster: str | None = field(default=None, kw_only=True)  # what the file says about dependence
    row_id: str | None = field(default=None, kw_only=True)  # the file's own, must not occur twice


@dataclass(frozen=True, kw_only=True)
class LanguageRows:
    """The rows of one language in file order, and the file to name in messages."""

    language: str
    file: Path
    rows: list[Any]  # of one subclass of `Row`


@dataclass(frozen=True, kw_only=True)
class ParsedFiles:
    """Everything that a format's reader parsed."""

    parts: list[LanguageRows]  # one per language; where they are not parallel, one or more
    files: tuple[Path, ...]  # every file read, each once
    dropped: dict[str, int] = field(default_factory=dict)  # rows by reason
    label_map: Mapping[str, str] = field(default_factory=dict)  # label in the file to the task's
    notes: tuple[str, ...] = ()  # what was found out about how the files are written

    @property
    def reference(self) -> LanguageRows:
        """The language whose premises are trusted: English if it was read, else the first."""
        return reference_of(self.parts)


def reference_of(parts: Sequence[LanguageRows]) -> LanguageRows:
    """Return the rows of English, or else of the first language."""
    return next((part for part in parts if is_english(part.language)), parts[0])


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Examples and what became of the rest.

    Attributes
    ----------
    examples : tuple of examples
        Language by language in the order of the request, rows in file order.
    files : tuple of pathlib.Path
        Every file read (labels and premise ids may lie in files of their own), for hashing.
    dropped : dict of str to int
        How many rows were dropped, by reason; empty if none.
    parallel : bool
        Whether languages share their rows: row i of each translates row i of the others.
    notes : tuple of str
        What was found out about how the files are written, in sentences for the user.
    """

    examples: tuple[Any, ...]
    files: tuple[Path, ...]
    dropped: dict[str, int]
    parallel: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row, and what to do: sentences for the user, without final stop."""

    what: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class RowSchema:
    """What rows of one family of tasks must fulfil, and how examples are made of them."""

    family: str  # as tasks name it
    # From row, request and label map to what is wrong, worst first.
    problems: Callable[[Any, Request, Mapping[str, str]], Iterator[Problem]]
    # From row, unit id, cluster id, language and label map.
    example: Callable[[Any, str, str, str, Mapping[str, str]], Example]
    # Rows of a file with equal keys are one cluster; None: the row stands alone.
    cluster_key: Callable[[Any], str | None] = lambda row: None
    # Whether the rows of parallel languages are the same units; the words of sentences are not.
    same_units: bool = True


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
    hub : bool
        Whether a data set of the Hub can be in this form.
    """

    name: str
    description: str
    schema: RowSchema
    read: Callable[[Request], ParsedFiles]
    parallel: bool = True
    needs_path: bool = True
    columns: tuple[str, ...] = ()
    hub: bool = False
