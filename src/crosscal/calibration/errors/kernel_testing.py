"""Tests of perfect calibration of the whole distribution, by the kernel calibration error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from crosscal.calibration.errors.kernel import PairedResiduals
from crosscal.calibration.proper import Given
from crosscal.exceptions import DataError, SettingsError

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class KernelTest:
    """A test of perfect calibration."""

    statistic: float  # the unbiased estimate of the squared kernel calibration error
    p_value: float  # one-sided: large errors speak against calibration
    bandwidth: float


def kernel_test(
    values: ArrayLike,
    gold: ArrayLike,
    *,
    rng: np.random.Generator,
    given: Given = "scores",
    bandwidth: float | None = None,
    clusters: ArrayLike | None = None,
    resamples: int = 500,
) -> KernelTest:
    """Test whether the whole predicted distribution is calibrated, by `skce_unbiased`.

    Under calibration every term of the estimate has mean 0 given either row, so its null
    distribution is that of the same sum with the sign of each cluster's residuals drawn at random
    (wild bootstrap of a degenerate U-statistic). Signs are drawn by cluster, so rows of one cluster
    may depend on each other in any way; clusters must be independent. The statistic and its
    degeneracy: Widmann, Lindsten and Zachariah (2019), section 5 and appendix G. They centre a
    bootstrap of rows instead, which cannot hold clusters together. Quadratic in rows, times the
    resamples: seconds for 5,000 rows. Memory is bounded.
    """
    if resamples < 1:
        raise SettingsError(f"{resamples} resamples", where="resamples", remedy="give 1 or more")
    rows = PairedResiduals.of(values, gold, given=given, bandwidth=bandwidth, clusters=clusters)
    pairs, count = rows.pairs, int(rows.cluster[-1]) + 1
    signs = (2.0 * rng.integers(0, 2, size=(count, resamples)) - 1.0)[rows.cluster]
    total, null = 0.0, np.zeros(resamples)
    for part, block in rows.blocks(between=True):
        total += float(block.sum())
        null += (signs[part] * (block @ signs)).sum(axis=0)
    # Sums in another order differ in the last bits; a tie must count as a tie.
    as_large = int((null >= total - 1e-12 * rows.n).sum())
    return KernelTest(
        statistic=total / pairs,
        p_value=(1 + as_large) / (1 + resamples),
        bandwidth=rows.bandwidth,
    )


def kernel_test_linear(
    values: ArrayLike,
    gold: ArrayLike,
    *,
    given: Given = "scores",
    bandwidth: float | None = None,
    clusters: ArrayLike | None = None,
) -> KernelTest:
    """Test calibration by `skce_linear`, whose matched terms are independent: asymptotic normal.

    Linear in rows, without resampling; far less power than `kernel_test`. With clusters the
    variance is that between pairs of clusters. Widmann, Lindsten and Zachariah (2019), lemma 3.
    """
    rows = PairedResiduals.of(values, gold, given=given, bandwidth=bandwidth, clusters=clusters)
    terms, match = rows.matched()
    count = int(match[-1]) + 1
    if count < 2:
        raise DataError(
            "fewer than four clusters",
            where="clusters",
            remedy="give more rows, or use kernel_test",
        )
    statistic = float(terms.mean())
    sums = np.bincount(match, weights=terms - statistic, minlength=count)
    error = float(np.sqrt((sums**2).sum() * count / (count - 1)) / len(terms))
    # Without variance the statistic is certain: infinitely many errors away from 0, or at it.
    distance = statistic / error if error > 0 else np.inf * np.sign(statistic) if statistic else 0.0
    p_value = float(ndtr(-distance))
    return KernelTest(statistic=statistic, p_value=p_value, bandwidth=rows.bandwidth)
