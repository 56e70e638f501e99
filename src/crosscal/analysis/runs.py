"""The runs of a study side by side: same units, same languages, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosscal.analysis.settings import AnalysisSettings
from crosscal.exceptions import DataError
from crosscal.predictions import Predictions, Slice


@dataclass(frozen=True, kw_only=True)
class RunPredictions:
    """One recipe and seed."""

    recipe: str
    seed: int
    where: str  # for messages
    dev: Slice | None  # development data in the baseline language
    test: dict[str, Slice]  # test data by language; rows are the same units in all


@dataclass(frozen=True, kw_only=True)
class ParallelLanguages:
    """Languages that share their units, and are therefore resampled together."""

    languages: tuple[str, ...]
    cluster: NDArray[np.intp]  # (n,): index of each unit's cluster
    clusters: int


@dataclass(frozen=True, kw_only=True)
class Panel:
    """All runs, over the same test units."""

    runs: tuple[RunPredictions, ...]
    languages: tuple[str, ...]  # baseline first, then by code
    # one where all languages are parallel; one a language where they have nothing in common
    blocks: tuple[ParallelLanguages, ...]
    shared_labels: bool  # whether all units have the same choices
    all_gold: bool  # whether the right choice is always among the choices

    @property
    def recipes(self) -> tuple[str, ...]:
        """Recipes in the order of the runs."""
        return tuple(dict.fromkeys(run.recipe for run in self.runs))

    @property
    def seeds(self) -> tuple[int, ...]:
        """All seeds, sorted."""
        return tuple(sorted({run.seed for run in self.runs}))


def make_panel(predictions: Sequence[Predictions], settings: AnalysisSettings) -> Panel:
    """Check that runs can be compared, and put them side by side."""
    if not predictions:
        raise DataError("no runs", where="analyse", remedy="give at least one run's predictions")
    _check_same_kind(predictions)
    runs = tuple(_read(run, settings) for run in predictions)
    first, base = runs[0], settings.baseline_language
    for run in runs:
        _check_same_units(run, first, shared_labels=predictions[0].provenance.choices is not None)
    languages = (base, *sorted(set(first.test) - {base}))
    apart = _have_nothing_in_common(first.test)
    together = [(code,) for code in languages] if apart else [languages]
    return Panel(
        runs=runs,
        languages=languages,
        blocks=tuple(_block(codes, first) for codes in together),
        shared_labels=predictions[0].provenance.choices is not None,
        all_gold=all((part.gold >= 0).all() for run in runs for part in run.test.values()),
    )


def _have_nothing_in_common(test: dict[str, Slice]) -> bool:
    """Whether no two languages share a cluster: then they need not be parallel."""
    names = [name for part in test.values() for name in set(part.cluster_ids.tolist())]
    return len(names) == len(set(names))


def _block(languages: tuple[str, ...], first: RunPredictions) -> ParallelLanguages:
    names, cluster = np.unique(first.test[languages[0]].cluster_ids, return_inverse=True)
    if len(names) < 2:
        raise DataError(
            "all units are in one cluster",
            where=f"{first.where}: column 'cluster_id', {languages[0]}",
            remedy="intervals need two or more independent clusters",
        )
    return ParallelLanguages(languages=languages, cluster=cluster, clusters=len(names))


def _check_same_kind(predictions: Sequence[Predictions]) -> None:
    first = predictions[0].provenance
    seen: dict[tuple[str, int], str] = {}
    for run in predictions:
        p = run.provenance
        for name in ("task", "family", "choices"):
            if getattr(p, name) != getattr(first, name):
                raise DataError(
                    f"{name} is {getattr(p, name)!r}, but {getattr(first, name)!r} in "
                    f"{predictions[0].where}",
                    where=f"{run.where}: provenance.{name}",
                    remedy="analyse runs of one task together",
                )
        if (p.recipe, p.seed) in seen:
            raise DataError(
                f"recipe {p.recipe!r} with seed {p.seed} is there twice, in "
                f"{seen[p.recipe, p.seed]} too",
                where=run.where,
                remedy="give each run once",
            )
        seen[p.recipe, p.seed] = run.where


def _read(predictions: Predictions, settings: AnalysisSettings) -> RunPredictions:
    where, base, split = predictions.where, settings.baseline_language, settings.test_split
    languages = predictions.languages(split)
    if base not in languages:
        raise DataError(
            f"no {base!r} in split {split!r}, which has {list(languages)}",
            where=where,
            remedy="predict the baseline language too, or choose another baseline_language",
        )
    test = {code: predictions.select(language=code, split=split) for code in languages}
    if not _have_nothing_in_common(test):
        predictions.check_parallel(split)
    dev = None
    if settings.dev_split is not None:
        # select names the splits and languages that are there.
        dev = predictions.select(language=base, split=settings.dev_split)
    parts = test if dev is None else {"dev": dev, **test}
    for name, part in parts.items():
        if predictions.provenance.choices is not None and (part.gold < 0).any():
            raise DataError(
                f"unit {str(part.unit_ids[part.gold < 0][0])!r} has gold -1",
                where=f"{where}: column 'gold', {name}",
                remedy="where all units have the same choices, the right one must be among them",
            )
    p = predictions.provenance
    return RunPredictions(recipe=p.recipe, seed=p.seed, where=where, dev=dev, test=test)


def _check_same_units(run: RunPredictions, first: RunPredictions, *, shared_labels: bool) -> None:
    if run.test.keys() != first.test.keys():
        raise DataError(
            f"languages are {sorted(run.test)}, but {sorted(first.test)} in {first.where}",
            where=run.where,
            remedy="predict the same languages with every run",
        )
    for code, part in run.test.items():
        # Choices of a unit's own depend on the model, and with them the place of the right one.
        names = ("unit_ids", "cluster_ids", *(("gold",) if shared_labels else ()))
        for name in names:
            if not np.array_equal(getattr(part, name), getattr(first.test[code], name)):
                raise DataError(
                    f"{name} of the test split differ from those in {first.where}",
                    where=f"{run.where}: {code}",
                    remedy="predict the same test data with every run",
                )
