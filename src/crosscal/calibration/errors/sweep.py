"""ECE with as many bins as keep accuracy rising from bin to bin."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.binning import (
    Bins,
    Scheme,
    bin_table,
    make_bins,
    quantile_cuts,
    running_units,
)
from crosscal.calibration.checks import check_confidence, check_correct
from crosscal.calibration.rows import stable_order
from crosscal.calibration.sample_weights import of_some_weight
from crosscal.exceptions import SettingsError

Floats = NDArray[np.float64]

# Reached only where outcomes are all but sorted by confidence; bounds the cost.
MOST_BINS = 256


def ece_sweep(
    confidence: ArrayLike,
    correct: ArrayLike,
    *,
    scheme: Scheme = "mass",
    most: int = MOST_BINS,
    weights: ArrayLike | None = None,
) -> float:
    """Return the calibration error of the monotonic sweep.

    The first-power error over `sweep_bins`. In [0, 1]. Roelofs et al. (2022), algorithm 1, with p =
    1, so that it compares with `ece`. Ties are never split between bins (they split them as they
    happen to be sorted).
    """
    bins = sweep_bins(confidence, correct, scheme=scheme, most=most, weights=weights)
    return float(np.abs(bin_table(confidence, correct, bins, weights=weights).excess).sum())


def sweep_bins(
    confidence: ArrayLike,
    correct: ArrayLike,
    *,
    scheme: Scheme = "mass",
    most: int = MOST_BINS,
    weights: ArrayLike | None = None,
) -> Bins:
    """Return the bins of the sweep: one fewer than the first number that breaks the order.

    From one bin upwards, until the accuracy of some bin is below that of a bin before it.
    Bins without rows are passed over.
    """
    if most < 1:
        raise SettingsError(f"at most {most} bins", where="most", remedy="give 1 or more")
    values = check_confidence(confidence)
    outcomes = check_correct(correct, len(values))
    own, (values, outcomes) = of_some_weight(weights, values, outcomes)
    order = stable_order(values)
    ordered = values[order]
    own = None if own is None else own[order]
    # Sums up to each row: the accuracy of any run of rows is one subtraction and a division.
    hits, running = np.zeros(len(values) + 1), None
    np.cumsum(outcomes[order] if own is None else own * outcomes[order], out=hits[1:])
    del order
    if own is not None:
        running = np.concatenate([[0.0], np.cumsum(own)])
    units = None if own is None else running_units(own)
    best = make_bins(ordered, bins=1, scheme=scheme)
    most = min(most, len(values)) if scheme == "mass" else most
    for bins in _candidates(ordered, scheme, most, units):
        if not _rising(np.searchsorted(ordered, bins.upper, side="right"), hits, running):
            break
        best = bins
    return best


def _candidates(ordered: Floats, scheme: Scheme, most: int, units: Floats | None) -> Iterator[Bins]:
    """Yield bins, from two upwards; `units` are sums of weights, None where all are equal."""
    for number in range(2, most + 1):
        if scheme == "width":
            yield make_bins(ordered, bins=number, scheme=scheme)
            continue
        if units is not None:
            cuts = quantile_cuts(ordered, units, number)
            yield Bins(upper=np.unique(np.append(cuts, 1.0)))
            continue
        # What `make_bins` does, without sorting again.
        sizes = np.full(number, len(ordered) // number)
        sizes[: len(ordered) % number] += 1
        ends = np.cumsum(sizes)[:-1]
        cuts = (ordered[ends - 1] + ordered[ends]) / 2.0
        yield Bins(upper=np.unique(np.append(cuts, 1.0)))


def _rising(ends: NDArray[np.intp], sums: Floats, running: Floats | None) -> bool:
    """Return whether accuracy never falls from one bin with rows to the next."""
    # `running` sums weights; without any, rows are counted.
    starts = np.concatenate([[0], ends[:-1]])
    filled = ends > starts
    size = ends - starts if running is None else running[ends] - running[starts]
    accuracy = (sums[ends] - sums[starts])[filled] / size[filled]
    # Means of equal counts are equal to the bit; a difference in the last one is none.
    return bool((np.diff(accuracy) >= -1e-12).all())
