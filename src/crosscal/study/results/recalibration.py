"""Compare regimes of recalibration on what a study predicted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from crosscal.analysis import AnalysisSettings
from crosscal.analysis.recalibration_transfer import RegimeResults, compare_regimes
from crosscal.exceptions import ArtifactError
from crosscal.predictions import Predictions
from crosscal.study.config.load import baseline_of, regime_settings
from crosscal.study.execution.store import Store
from crosscal.study.planning.plan import Plan
from crosscal.study.results.kept_results import analysis_key, kept_or_computed, same_predictions
from crosscal.tasks import EncodedDataset

FILE = "recalibration.json"


def recalibrate(
    plan: Plan,
    target: str,
    store: Store,
    tables: Mapping[Path, Predictions],
    settings: AnalysisSettings,
    folder: Path,
) -> RegimeResults | None:
    """Compare the regimes that a study asks for, and write what was found.

    `tables` are by their files.
    """
    recalibration = regime_settings(plan.study)
    if recalibration is None:
        return None
    features = fertility(plan, target, store)
    return kept_or_computed(
        folder / FILE,
        RegimeResults,
        analysis_key(tables, settings, recalibration, features),
        lambda: compare_regimes(
            list(tables.values()), settings=settings, recalibration=recalibration, features=features
        ),
    )


def read_recalibration(folder: Path) -> RegimeResults | None:
    """Return what `recalibrate` wrote, or None if there is none."""
    path = folder / FILE
    if not same_predictions(path, folder / "results.json"):
        raise ArtifactError(
            "this is of other predictions than results.json",
            where=str(path),
            remedy="Run the study: crosscal run STUDY",
        )
    return RegimeResults.from_json(path.read_text(encoding="utf-8")) if path.is_file() else None


def fertility(plan: Plan, target: str, store: Store) -> dict[str, dict[str, float]]:
    """Return how many subwords the same text takes in each language, relative to the baseline.

    Tokens of the test inputs; no label is looked at. Empty where the target has no tokens
    (retrieval) or the languages no equally many inputs.
    """
    run = next(run for run in plan.runs if run.target == target)
    if "test" not in run.table.inputs:
        return {}
    tokens = EncodedDataset.load(store.open(*run.table.inputs["test"]))
    languages = np.array(tokens.units["language"].to_pylist())
    lengths = np.diff(tokens.offsets)
    if len(languages) != len(lengths):
        return {}
    means = {str(code): float(lengths[languages == code].mean()) for code in np.unique(languages)}
    base = means[baseline_of(plan.study.targets[target])]
    return {code: {"fertility": mean / base} for code, mean in means.items()}
