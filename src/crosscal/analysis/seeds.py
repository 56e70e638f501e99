"""Averaging over seeds, and what seeds add to the uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from crosscal.analysis.measures import Measure, mean_measure
from crosscal.calibration import seed_shifts

Floats = NDArray[np.float64]


def average_seeds(measures: Sequence[Measure], pivots: Floats) -> Measure:
    """Return the mean over seeds, its draws widened by the variance between seeds.

    Parameters
    ----------
    measures : sequence of Measure
        The same metric in each seed's run.
    pivots : ndarray of shape (2, replicates)
        From `crosscal.calibration.seed_pivots`; one draw for all metrics and languages.

    Returns
    -------
    Measure

    Notes
    -----
    The numbers of single seeds differ by training and also because each run errs on other
    items. The second part is in the cluster bootstrap already, so it is estimated there and
    taken off the variance between seeds (it would otherwise count twice). What is left is a
    variance learnt from few numbers, and drawn as such (see `seed_shifts`). With one seed the
    interval holds for that very model, not for the recipe; with two or three it is wide.
    """
    average = mean_measure(measures)
    if len(measures) < 2:
        return average
    values = np.array([m.value for m in measures])
    # Around its own mean, so that a shift of all draws of one run does not count as spread.
    draws = np.stack([m.high - m.high.mean() for m in measures])
    sampling = float(draws.var(axis=0, ddof=1).mean())
    shift = seed_shifts(values, sampling, pivots)
    return replace(average, low=average.low + shift, high=average.high + shift)
