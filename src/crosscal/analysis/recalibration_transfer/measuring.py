"""Measures of recalibrated probabilities, also of many draws of few examples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crosscal.analysis.runs import ParallelLanguages
from crosscal.calibration import ClusterResampling, Measurement
from crosscal.calibration.estimation.engine import measure_samples
from crosscal.calibration.estimation.measurement import pool_draws
from crosscal.calibration.estimation.samples import EvaluationSettings, SampleSet

Floats = NDArray[np.float64]

METRICS = ("accuracy", "nll", "brier", "confidence", "gap", "ece", "ece_debiased")
"""What is measured under every regime."""

GAINS = ("nll", "brier", "ece", "ece_debiased")
"""Those that a regime can lower."""


def evaluation_settings(bins: int, level: float, samples: int) -> EvaluationSettings:
    """Return the settings of every measurement of a comparison."""
    return EvaluationSettings(
        given="probabilities",
        bins=bins,
        level=level,
        errors=("ece", "ece_debiased"),
        calibrated_samples=samples,
    )


def measure_draws(
    drawn: Sequence[Floats],
    gold: NDArray[np.int64],
    block: ParallelLanguages,
    resampling: ClusterResampling,
    settings: EvaluationSettings,
    *,
    name: str,
    number: int,
    finite_pool_factor: float = 1.0,
) -> dict[str, Measurement]:
    """Measure probabilities that come from one fit, or from fits on several draws of examples."""
    # Without "nll" where a right choice has probability 0 or is not among the choices.
    parts = []
    for draw, probabilities in enumerate(drawn):
        sample = SampleSet(
            values=probabilities, gold=gold, unit=block.cluster, name=name, number=number
        )
        part = resampling if len(drawn) == 1 else resampling.thin(draw, len(drawn))
        parts += measure_samples([sample], part, settings)
    return {
        metric: pool_draws(
            [part[metric] for part in parts],
            level=settings.level,
            finite_pool_factor=finite_pool_factor,
        )
        for metric in METRICS
        if all(metric in part and np.isfinite(part[metric].value) for part in parts)
    }
