"""Scores of a submission to XTREME, from files in the benchmark's own layout.

``<predictions>/<task>/test-<language>.tsv`` (``.json`` for answers) is held against the file of
the same name below ``<labels>``. All figures are official ones, in per cent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosscal.exceptions import DataError
from crosscal.metrics.xtreme_tasks import TASKS, Pairing

ENGLISH = "en"


@dataclass(frozen=True, kw_only=True)
class TaskScore:
    """The metrics of each language of one task, in per cent."""

    task: str
    languages: dict[str, dict[str, float]]

    @property
    def averages(self) -> dict[str, float]:
        """Unweighted mean over languages of each metric."""
        results = list(self.languages.values())
        return {metric: _mean([scores[metric] for scores in results]) for metric in results[0]}

    @property
    def figure(self) -> float:
        """What counts in averages over tasks: accuracy, F1, or the mean of EM and F1."""
        return _mean([self.averages[metric] for metric in TASKS[self.task].headline])


@dataclass(frozen=True, kw_only=True)
class Submission:
    """The scores of a submission's tasks, and notes on what does not stop the scoring."""

    tasks: dict[str, TaskScore]
    notes: tuple[str, ...]

    @property
    def figures(self) -> dict[str, float]:
        """What each task adds to averages, in per cent."""
        return {name: score.figure for name, score in self.tasks.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return what ``crosscal xtreme-score --json`` prints."""
        groups, average = group_averages(self.figures), benchmark_average(self.figures)
        results: dict[str, Any] = {}
        for name, score in self.tasks.items():
            group, gap = TASKS[name].group, transfer_gap(score)
            results[name] = {
                "languages": score.languages,
                **{f"avg_{metric}": value for metric, value in score.averages.items()},
                "figure": score.figure,
                "group": group,
                **({"group_average": groups[group]} if group in groups else {}),
                **({"transfer_gap": gap} if gap is not None else {}),
            }
        return results if average is None else {**results, "average": average}


def score_submission(predictions: Path, labels: Path) -> Submission:
    """Score every task that has a folder in both places.

    The labels decide which languages there are; where these are not the benchmark's own, a note
    says so. A language that has a file in one place only, and a malformed file, are DataErrors.
    """
    shared = _folders(predictions) & _folders(labels) & TASKS.keys()
    if not shared:
        raise DataError(
            f"no task has a folder here and in {labels}",
            where=str(predictions),
            remedy=f"Name the folders {', '.join(TASKS)}, with files as test-en.tsv in them",
        )
    notes = [
        f"{predictions / name}: left out: "
        + ("no such task" if name not in TASKS else f"no labels in {labels}")
        for name in sorted(_folders(predictions) - shared)
    ]
    pairings = {
        name: _pairings(name, predictions / name, labels / name, notes)
        for name in TASKS
        if name in shared
    }
    tasks = {
        name: TaskScore(
            task=name,
            languages={
                pairing.language: {
                    metric: 100 * value for metric, value in TASKS[name].measure(pairing).items()
                }
                for pairing in results
            },
        )
        for name, results in pairings.items()
    }
    return Submission(tasks=tasks, notes=tuple(notes))


def transfer_gap(score: TaskScore) -> float | None:
    """Return the cross-lingual transfer gap: English minus the mean of the other languages.

    In percentage points (Hu et al. 2020); None without English or without others.
    """
    figures = {
        language: _mean([metrics[name] for name in TASKS[score.task].headline])
        for language, metrics in score.languages.items()
    }
    english = figures.pop(ENGLISH, None)
    return None if english is None or not figures else english - _mean(list(figures.values()))


def whole_groups(tasks: Collection[str]) -> dict[str, list[str]]:
    """Return the tasks of each group that is there as a whole."""
    members: dict[str, list[str]] = {}
    for name, task in TASKS.items():
        members.setdefault(task.group, []).append(name)
    return {group: names for group, names in members.items() if set(names) <= set(tasks)}


def group_averages(figures: Mapping[str, float]) -> dict[str, float]:
    """Return the mean figure of each group of tasks that is there as a whole."""
    return {
        group: _mean([figures[name] for name in names])
        for group, names in whole_groups(figures).items()
    }


def benchmark_average(figures: Mapping[str, float]) -> float | None:
    """Return the unweighted mean figure of the nine tasks, None unless all are there."""
    whole = figures.keys() >= TASKS.keys()
    return _mean([figures[name] for name in TASKS]) if whole else None


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _folders(folder: Path) -> set[str]:
    try:
        return {
            entry.name
            for entry in folder.iterdir()
            if entry.is_dir() and not entry.name.startswith(".")
        }
    except OSError as error:
        raise DataError(
            f"this folder cannot be read ({error.strerror or error})",
            where=str(folder),
            remedy="Name the folder that holds one folder for each task",
        ) from error


def _pairings(name: str, predictions: Path, labels: Path, notes: list[str]) -> list[Pairing]:
    """Pair the files of one task; demand that each has its partner."""
    suffix = f".{TASKS[name].suffix}"
    predicted, gold = (_languages(folder, suffix) for folder in (predictions, labels))
    for folder, lacking in ((predictions, gold - predicted), (labels, predicted - gold)):
        if lacking:
            files = ", ".join(f"test-{language}{suffix}" for language in sorted(lacking))
            raise DataError(
                f"files are missing: {files}",
                where=str(folder),
                remedy="Give every language of the labels a file, and no other",
            )
    if not gold:
        raise DataError(
            f"there is no file test-<language>{suffix}",
            where=str(labels),
            remedy="Give each language a file, or remove the folder of the task",
        )
    own = set(TASKS[name].languages)
    for what, other in (("lacks", own - gold), ("has besides", gold - own)):
        if other:
            notes.append(
                f"{labels} {what} {', '.join(sorted(other))}: averages of {name} are not over the "
                f"benchmark's {len(own)} languages"
            )
    return [
        Pairing(
            predictions=predictions / f"test-{language}{suffix}",
            labels=labels / f"test-{language}{suffix}",
            language=language,
            notes=notes,
        )
        for language in sorted(gold)
    ]


def _languages(folder: Path, suffix: str) -> set[str]:
    _folders(folder)  # for its message, should the folder not be readable
    return {
        path.name.removeprefix("test-").removesuffix(suffix)
        for path in folder.glob(f"test-?*{suffix}")
    }
