"""What may be learnt from when which rows are scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosscal.analysis.recalibration_transfer.draws import draw_order
from crosscal.analysis.recalibration_transfer.rows import Rows
from crosscal.analysis.recalibration_transfer.settings import RegimeSettings
from crosscal.analysis.recalibration_transfer.strategies import FitData
from crosscal.analysis.runs import Panel, RunPredictions
from crosscal.exceptions import DataError
from crosscal.predictions import Predictions


@dataclass(frozen=True)
class Fold:
    """Rows that are scored, and the rest that may be learnt from."""

    fit_data: FitData
    test: dict[str, Rows]  # by language
    positions: dict[str, NDArray[np.intp]]  # where they stand among all test rows of the language


def calibration_rows(
    predictions: Predictions, run: RunPredictions, settings: RegimeSettings
) -> dict[str, Rows] | None:
    """Return the labelled rows of all languages that are not scored, if there are any."""
    split = settings.calibration_split
    languages = predictions.languages(split)
    if not languages:
        return None
    missing = [code for code in run.test if code not in languages]
    if missing:
        raise DataError(
            f"split {split!r} has no rows in {', '.join(missing)}",
            where=predictions.where,
            remedy="predict calibration rows in every test language, or in none: then the test "
            "rows are cross-fitted",
        )
    return {
        code: Rows.of(predictions.select(language=code, split=split), code) for code in run.test
    }


def make_folds(
    run: RunPredictions,
    pool: dict[str, Rows] | None,
    panel: Panel,
    settings: RegimeSettings,
    features: Mapping[str, Mapping[str, float]],
    seed: int,
) -> list[Fold]:
    """Divide a run's rows into what is scored and what is learnt from."""
    # One fold where there are calibration rows; the seed is that of all runs: equal draws.
    test = {code: Rows.of(run.test[code], code) for code in panel.languages}
    if pool is not None:
        positions = {code: np.arange(len(rows)) for code, rows in test.items()}
        return [_fold(run, pool, test, positions, panel, features, seed)]
    number = _fold_numbers(panel, run, settings.folds, seed)
    folds = []
    for each in range(settings.folds):
        inside = {code: np.flatnonzero(number[code] == each) for code in test}
        outside = {code: rows.take(number[code] != each) for code, rows in test.items()}
        part = {code: rows.take(inside[code]) for code, rows in test.items()}
        folds.append(_fold(run, outside, part, inside, panel, features, seed + each))
    return folds


def _fold(
    run: RunPredictions,
    pool: dict[str, Rows],
    test: dict[str, Rows],
    positions: dict[str, NDArray[np.intp]],
    panel: Panel,
    features: Mapping[str, Mapping[str, float]],
    seed: int,
) -> Fold:
    base = panel.languages[0]
    pool = {code: pool[code] for code in panel.languages}
    english = pool[base] if run.dev is None else Rows.of(run.dev, base)
    order = draw_order(pool, np.random.default_rng([seed, 0]))
    return Fold(FitData(english, pool, features, order), test, positions)


def _fold_numbers(
    panel: Panel, run: RunPredictions, folds: int, seed: int
) -> dict[str, NDArray[np.intp]]:
    """Give every test row the fold of its cluster; parallel languages have the same folds."""
    rng = np.random.default_rng([seed, 1])
    numbers: dict[str, NDArray[np.intp]] = {}
    for block in panel.blocks:
        if block.clusters < folds:
            raise DataError(
                f"{block.clusters} clusters cannot be divided into {folds} folds",
                where=f"{run.where}: {block.languages[0]}",
                remedy="predict calibration rows, or ask for fewer folds",
            )
        of_cluster = rng.permutation(np.arange(block.clusters) % folds)
        numbers |= dict.fromkeys(block.languages, of_cluster[block.cluster])
    return numbers
