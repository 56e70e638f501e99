"""Averaging over seeds, and what seeds add to the uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from crosscal.analysis.measures import Measure, mean_measure

Floats = NDArray[np.float64]

# Below this many seeds their variance is too poorly known for the interval to be relied on.
ENOUGH_SEEDS = 10


def average_seeds(measures: Sequence[Measure], deviations: Floats) -> Measure:
    """Return the mean over seeds, its draws widened by the variance between seeds.

    Parameters
    ----------
    measures : sequence of Measure
        The same metric in each seed's run.
    deviations : ndarray of shape (replicates, seeds)
        From `crosscal.calibration.seed_deviations`; one draw for all metrics and languages.

    Returns
    -------
    Measure

    Notes
    -----
    The numbers of single seeds differ by training and also because each run errs on other
    items. The second part is in the cluster bootstrap already, so it is estimated there and
    taken off the variance between seeds before the seeds are resampled (it would otherwise
    count twice). With one seed the interval holds for that very model, not for the
    recipe; with two to nine the variance between seeds is too poorly known for the interval
    to keep its level (``benchmarks/coverage.json`` shows by how much it falls short).
    """
    average = mean_measure(measures)
    if len(measures) < 2:
        return average
    values = np.array([m.value for m in measures])
    spread = float(values.var(ddof=1))
    # Around its own mean, so that a shift of all draws of one run does not count as spread.
    draws = np.stack([m.high - m.high.mean() for m in measures])
    sampling = float(draws.var(axis=0, ddof=1).mean())
    if spread <= sampling:
        return average
    shift = np.sqrt(1.0 - sampling / spread) * (deviations @ values)
    return replace(average, low=average.low + shift, high=average.high + shift)
