"""Samples of lm-evaluation-harness (``--log_samples``): log-likelihoods of choices.

Of a sample the harness keeps one log-likelihood a choice, in nats and not divided by length. Its
``acc`` compares them as they are, its ``acc_norm`` divides them by the characters of the choice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosscal.exceptions import DataError
from crosscal.languages import find_language
from crosscal.predictions.external.plain_text import plain_text
from crosscal.predictions.external.sources.csv_source import as_number

Record = dict[str, Any]

_FILE = re.compile(r"samples_(.+?)(?:_\d{4}-\d\d-\d\dT[\d\-.:]+)?")
# Two letters of ISO 639-1, or three with a script: mmlu_pro is no language.
_LANGUAGE = re.compile(r"(.+?)[_\-](?:([a-z]{2})|([a-z]{3}_[A-Z][a-z]{3}))")


@dataclass(frozen=True, kw_only=True)
class HarnessSamples:
    """How the samples of one file are read."""

    task: str
    language: str | None
    filter: Any  # the harness may keep several answers of a sample, by filter
    per_character: bool
    class_names: dict[str, tuple[str, ...]]
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls, records: Sequence[Record], where: str, *, per_character: bool
    ) -> HarnessSamples | None:
        """Recognise the samples; None for any other file."""
        first = records[0]
        if not {"doc_id", "target"} <= first.keys() or "filtered_resps" not in first:
            if per_character:
                raise only_samples(where)
            return None
        task, language = _named(where)
        used = "per character of the choice" if per_character else "not divided by length"
        said = f"language '{language}'" if language else "no language"
        return cls(
            task=task,
            language=language,
            filter=first.get("filter"),
            per_character=per_character,
            class_names={},
            notes=(
                "samples of lm-evaluation-harness",
                f"task '{task}', {said} (by the file's name)",
                f"scores: log-likelihoods of the choices, {used}",
            ),
        )

    @property
    def defaults(self) -> dict[str, str]:
        """The columns that are meant if none are named."""
        group = {"group": "language" if self.language else "task"}
        return {
            "scores": "scores",
            "labels": "label",
            "cluster": "document",
            **group,
            "task": self.task,
        }

    def flat(self, record: Record) -> Record:
        """Return scores, label and names of a sample."""
        if record.get("filter") != self.filter:
            raise DataError(
                f"samples of several filters, {self.filter!r} and {record.get('filter')!r}",
                remedy="Keep those of one filter",
            )
        choices = _choices(record.get("arguments"))
        likelihoods = _likelihoods(record.get("filtered_resps"))
        if (
            len(choices) == 2 * len(set(choices)) == len(likelihoods)
            and choices[::2] != choices[1::2]
        ):
            # The second half are the choices without the question (acc_mutual_info).
            half = len(likelihoods) // 2
            if choices[:half] == choices[half:]:
                choices, likelihoods = choices[:half], likelihoods[:half]
        label = _target(record.get("target"), choices, likelihoods, record.get("acc"))
        scores = likelihoods
        if self.per_character:
            if len(choices) != len(likelihoods) or not all(choices):
                raise DataError("the texts of the choices are not there", remedy="Keep 'arguments'")
            scores = [x / len(choice) for x, choice in zip(likelihoods, choices, strict=True)]
        cells = {
            "scores": scores,
            "label": label,
            "document": f"{self.task}/{record['doc_id']}",
            "task": self.task,
            "language": self.language or self.task,
        }
        document = record.get("doc")
        if isinstance(document, dict):
            cells |= {
                f"doc.{name}": cell
                for name, cell in document.items()
                if isinstance(cell, str | int | float)
            }
        return cells


def repeated_samples(
    defaults: Mapping[str, str], cluster: NDArray[np.int64] | None, names: Sequence[str] | None
) -> tuple[str, ...]:
    """Warn of samples that one file holds several times, as of two runs written into one."""
    if "task" not in defaults or cluster is None or not names:
        return ()
    counts = np.bincount(cluster)
    if counts.max() < 2:
        return ()
    return (
        f"{counts[counts > 1].sum():,} rows share their 'doc_id' with others (as "
        f"{names[int(counts.argmax())]}, {counts.max()} times), and count as dependent: if they "
        "are of several models or runs give each a file, if they were written twice take them out",
    )


def only_samples(where: str) -> DataError:
    """Return the error of any other predictions that are to be divided by length."""
    return DataError(
        "log-likelihoods are divided by length in samples of lm-evaluation-harness only",
        where=where,
        remedy="Leave --normalised out",
    )


def _named(where: str) -> tuple[str, str | None]:
    """Return task and language from the name of a file."""
    stem = PurePath(where).name.split(".jsonl")[0].removesuffix(".json")
    file = _FILE.fullmatch(stem)
    task = file[1] if file else stem
    match = _LANGUAGE.fullmatch(task)
    if match and (match[3] or find_language(match[2]) is not None):
        return match[1], match[2] or match[3]
    return task, None


def _choices(arguments: Any) -> list[str]:
    """Return the texts of the choices, without the space before them."""
    rows = arguments.values() if isinstance(arguments, dict) else arguments or []
    pairs = [list(row.values()) if isinstance(row, dict) else row for row in rows]
    return [str(pair[1]).removeprefix(" ") for pair in pairs if len(pair) > 1]


def _likelihoods(answers: Any) -> list[float]:
    values = []
    for answer in answers if isinstance(answers, list) else []:
        first = answer[0] if isinstance(answer, list) and answer else answer
        number = as_number(str(first))
        if isinstance(first, bool) or number is None:
            raise DataError(
                f"the answer {str(first)[:40]!r} is text, not a log-likelihood",
                remedy="Give samples of a task with choices (output_type: multiple_choice)",
            )
        values.append(number)
    if len(values) < 2:
        raise DataError(
            f"{len(values)} log-likelihoods, at least 2 are needed",
            remedy="Give samples of a task with choices (output_type: multiple_choice)",
        )
    return values


def _target(target: Any, choices: Sequence[str], likelihoods: Sequence[float], acc: Any) -> int:
    """Return the number of the right choice: the target is this, or the choice's text."""
    text = plain_text(target)
    possible = [int(text)] if text.isdecimal() and int(text) < len(likelihoods) else []
    possible += [i for i, choice in enumerate(choices) if plain_text(choice) == text]
    best = max(range(len(likelihoods)), key=lambda i: likelihoods[i])
    tied = sum(x == likelihoods[best] for x in likelihoods) > 1
    if acc in (0, 1) and not tied:
        # The harness's own verdict has to be met.
        possible = [i for i in possible if (i == best) == bool(acc)]
    if not possible or len(set(possible)) > 1:
        raise DataError(
            f"target {target!r} with {len(likelihoods)} choices and acc {acc} names no right one",
            remedy="Give the number of the right choice, from 0, as target",
        )
    return possible[0]
