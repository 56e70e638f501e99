"""What a task is: a description, and nothing that runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Task:
    """Something with examples, choices and a gold answer.

    Attributes
    ----------
    name : str
        As written in a study file.
    family : str
        Which functions serve it, for example ``"classification"``.
    labels : tuple of str
        The choices, in the order of the model's scores.
    description : str
        What is asked, in one sentence.
    licence : str
        Of the data, as its publisher states it.
    citation : str
        Author, year, venue.
    languages : tuple of str
        Codes of the languages for which the publisher gives labelled data.
    splits : tuple of str
        Splits with labels, under the names of the original files.
    """

    name: str
    family: str
    labels: tuple[str, ...]
    description: str
    licence: str
    citation: str
    languages: tuple[str, ...]
    splits: tuple[str, ...]
