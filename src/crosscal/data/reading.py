"""What a reader is asked, what it found row by row, and what it hands over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from crosscal.data.examples import PairExample


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
        The task's labels, in its order.
    require_labels : bool
        Whether a row without label is an error.
    """

    path: Path | None
    split: str | None
    languages: tuple[str, ...]
    labels: tuple[str, ...]
    require_labels: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file, not yet checked against the task.

    Attributes
    ----------
    index : int
        Zero-based number of the data row in its file and language, dropped rows counted.
    where : int or str
        Line number, or another name of the place, such as ``"row 7"``.
    text_a, text_b : str
        The texts.
    label : str or None
        As in the file; None if the file says that there is none.
    cluster : str or None
        What the file says about dependence; None lets rows with equal `text_a` form one.
    identity : str or None
        An id of the file's own that must not occur twice.
    """

    index: int
    where: int | str
    text_a: str
    text_b: str
    label: str | None
    cluster: str | None = None
    identity: str | None = None


@dataclass(frozen=True, kw_only=True)
class Part:
    """The rows of one language.

    Attributes
    ----------
    language : str
        Code.
    file : pathlib.Path
        Where the rows come from, for messages.
    rows : list of Row
        In file order.
    """

    language: str
    file: Path
    rows: list[Row]


@dataclass(frozen=True, kw_only=True)
class Raw:
    """Everything a format's reader found.

    Attributes
    ----------
    parts : list of Part
        One per language wanted, in that order.
    files : tuple of pathlib.Path
        Every file read, each once.
    dropped : dict of str to int
        How many rows were left out, by reason.
    spellings : mapping of str to str
        Label in the file to label of the task, where they differ.
    """

    parts: list[Part]
    files: tuple[Path, ...]
    dropped: dict[str, int] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Examples and what became of the rest.

    Attributes
    ----------
    examples : tuple of PairExample
        Language by language in the order asked, rows in file order.
    files : tuple of pathlib.Path
        Every file read (labels and premise ids may lie in files of their own), for hashing.
    dropped : dict of str to int
        How many rows were left out, by reason; empty if none.
    """

    examples: tuple[PairExample, ...]
    files: tuple[Path, ...]
    dropped: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Format:
    """A public file format.

    Attributes
    ----------
    name : str
        As written in a study file.
    description : str
        One line: which files, which columns.
    read : callable
        From `Request` to `Raw`.
    needs_path : bool
        False for the sets that come with the package.
    """

    name: str
    description: str
    read: Callable[[Request], Raw]
    needs_path: bool = True
