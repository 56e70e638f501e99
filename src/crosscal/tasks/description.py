"""What a task is: a description, and nothing that runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

FAMILY_NAMES = (
    "classification",
    "multiple choice",
    "span",
    "tagging",
    "retrieval",
    "masked language modelling",
)
"""The families of tasks, as `Task.family` names them."""

SCORINGS = ("accuracy", "pos", "entities", "squad", "squad2", "mlqa", "bitext")
"""How tasks are scored, as `Task.scoring` names it and `crosscal.metrics` knows it."""

SCORED_FAMILY = {
    "pos": "tagging",
    "entities": "tagging",
    "squad": "span",
    "squad2": "span",
    "mlqa": "span",
    "bitext": "retrieval",
}
"""Scorings of one family alone; accuracy is of all."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """Something with examples, choices and a gold answer.

    Attributes
    ----------
    name : str
        As written in a study file.
    family : str
        Which functions serve it: one of `FAMILY_NAMES`.
    labels : tuple of str
        The choices, in the order of the model's scores: labels of classification, tags of
        tagging. Empty for the other families, whose units have choices of their own.
    texts : int or None
        How many texts an example of classification has: 1, or 2 for pairs. None: as its data have.
    open_labels : bool
        Whether `labels` is empty because the tags are those that the training data hold.
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
    missing : mapping of str to tuple of str
        Split to the languages in which it is not there.
    formats : tuple of str
        In which its data can be read: the publisher's own, XTREME's, the Hub's; not those that
        hold any data of the kind.
    scoring : str
        How it is scored: one of `SCORINGS`, or empty if it is not.
    metric : str
        What its publisher or benchmark reports.
    train_task : str
        Task whose English training data it is trained on where it has none of its own.
    roles : tuple of str
        ``"intermediate"``, ``"target"`` or none, in Phang et al. 2020, English Intermediate-Task
        Training Improves Zero-Shot Cross-Lingual Transfer Too, AACL.
    published_settings : mapping of str to str
        Source to what it says of training on this task.
    """

    name: str
    family: str
    labels: tuple[str, ...] = ()
    texts: int | None = None
    open_labels: bool = False
    description: str
    licence: str
    citation: str
    languages: tuple[str, ...]
    splits: tuple[str, ...]
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    formats: tuple[str, ...] = ()
    scoring: str = "accuracy"
    metric: str = "accuracy"
    train_task: str = ""
    roles: tuple[str, ...] = ()
    published_settings: Mapping[str, str] = field(default_factory=dict, hash=False)

    def languages_of(self, split: str) -> tuple[str, ...]:
        """Return the languages in which a split is there."""
        absent = self.missing.get(split, ())
        return tuple(code for code in self.languages if code not in absent)
