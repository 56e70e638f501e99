"""What a plan is: stages with their keys, and the runs they serve.

A stage's key is the hash of its kind, the version of the kind's code, its
resolved settings, the keys of its inputs and the hashes of its data. Recipes
and seeds that agree up to a point share the stages up to that point.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosscal.data import Dataset
from crosscal.study.config.settings import Study

# Raise a kind's number whenever its code would give another result.
VERSIONS = {
    "prepare": 3,
    "train": 3,
    "predict": 2,
    "collect": 2,
    "embed": 1,
    "search": 1,
    "translate": 1,
}


# The task of running text.
TEXTS = "mlm"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One node of the plan.

    Attributes
    ----------
    kind : str
        ``prepare`` (tokenise), ``train``, ``predict`` (scores) and ``collect`` (a run's table);
        in the retrieval family ``embed`` (vectors) and ``search`` (a run's table); and
        ``translate``.
    title : str
        What it does, for people; not part of the key.
    settings : dict
        All that decides about the result, in JSON types.
    inputs : dict of str to tuple of (str, str)
        Role to (kind, key) of the stages whose artifacts it reads.
    parameters : dict
        What it needs besides but what cannot change the result (paths, intervals).
    """

    kind: str
    title: str
    settings: dict[str, Any]
    inputs: dict[str, tuple[str, str]] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Content key, 64 hexadecimal digits."""
        content = [self.kind, VERSIONS[self.kind], self.settings, self.inputs]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def node(self) -> tuple[str, str]:
        """(kind, key), as other stages refer to it."""
        return self.kind, self.key


@dataclass(frozen=True, kw_only=True)
class Run:
    """A recipe with a seed and a target: where its predictions are, and how it was trained.

    Attributes
    ----------
    target, recipe : str
    seed : int
    table : Stage
        Holds the predictions.
    training : tuple of Stage
        The last one trained on the target; empty for an ensemble of runs.
    """

    target: str
    recipe: str
    seed: int
    table: Stage
    training: tuple[Stage, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The stages of a study in an order in which they can run, and its runs."""

    study: Study
    encoder: Path
    stages: tuple[Stage, ...]
    runs: tuple[Run, ...]
    n_requested: int
    datasets: dict[str, Dataset]
