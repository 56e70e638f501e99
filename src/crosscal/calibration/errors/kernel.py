"""Kernel calibration error: no bins, and estimates that are free of bias.

Two rows with similar predictions should not both err to the same side. The squared error is the
mean over pairs of rows of ``k(p, p') <e, e'>`` with e the indicator of the right choice minus the
predicted probabilities, and k a kernel that is 1 for equal predictions and falls with their
distance. At infinite data it is 0 if and only if the predictions are calibrated.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist, pdist

from crosscal.calibration.checks import check_confidence, check_correct, check_gold
from crosscal.calibration.notion import to_probabilities
from crosscal.calibration.proper import Given
from crosscal.calibration.rows import stable_order
from crosscal.calibration.sample_weights import of_some_weight
from crosscal.exceptions import DataError, SettingsError

Floats = NDArray[np.float64]

# Of the kernel on confidence; fixed, so that errors of different data can be compared.
BANDWIDTH = 0.2

# Rows whose distances the median heuristic looks at.
_HEURISTIC_ROWS = 1000

# Numbers of the kernel matrix held at once: 16 MB.
_BLOCK = 2_000_000

# Exponents whose exponentials may be added up without loss.
_REACH = 300.0


def kernel_error(
    confidence: ArrayLike,
    correct: ArrayLike,
    *,
    bandwidth: float = BANDWIDTH,
    weights: ArrayLike | None = None,
) -> float:
    """Return the kernel calibration error of confidences (biased estimate, with the root).

    ``sqrt(sum_ij r_i r_j exp(-|c_i - c_j| / bandwidth)) / n`` with r = confidence - correct. Exact,
    and linear in rows once they are sorted. In [0, 1]; at most the mean absolute residual, at least
    the absolute gap over ``sqrt(1 + 1 / (2 bandwidth))``. Biased upwards, as `rmsce` is. Kumar,
    Sarawagi and Jain (2018), equation 5 (MMCE, with their kernel and bandwidth 0.2); the biased
    estimator of Widmann, Lindsten and Zachariah (2019) for a scalar kernel on the confidence. For
    the whole distribution see `skce_unbiased` and `kernel_test`.
    """
    values = check_confidence(confidence)
    residual = np.subtract(values, check_correct(correct, len(values)))
    own, (values, residual) = of_some_weight(weights, values, residual)
    if own is not None:
        residual = own * residual
    square = laplace_form(values, residual, _check_bandwidth(bandwidth))
    return float(np.sqrt(max(0.0, square)) / len(values))


def laplace_form(points: Floats, weights: Floats, bandwidth: float) -> float:
    """Return ``sum_ij w_i w_j exp(-|x_i - x_j| / bandwidth)`` by two sums over sorted points."""
    order = stable_order(points)
    scaled, sorted_weights = points[order], weights[order]
    del order
    scaled /= bandwidth
    total, carried, start = float(sorted_weights @ sorted_weights), 0.0, 0
    last = scaled[0]
    while start < len(scaled):
        end = int(np.searchsorted(scaled, scaled[start] + _REACH, side="right"))
        shifted = scaled[start:end] - scaled[start]
        part = sorted_weights[start:end]
        # What lies before, as seen from each point: sum over j < i of w_j exp(x_j - x_i).
        # In place: of many rows each array is large.
        grown = np.zeros(len(part) + 1)
        np.exp(shifted, out=grown[1:])
        grown[1:] *= part
        np.cumsum(grown[1:], out=grown[1:])
        earlier = carried * np.exp(last - scaled[start])
        carried = (grown[-1] + earlier) * np.exp(-shifted[-1])
        before = grown[:-1]
        before += earlier
        np.negative(shifted, out=shifted)
        before *= np.exp(shifted, out=shifted)
        total += 2.0 * float(part @ before)
        last, start = scaled[end - 1], end
    return total


def median_bandwidth(probabilities: Floats) -> float:
    """Return the median distance between predictions, of at most 1,000 rows evenly spaced."""
    step = max(1, -(-len(probabilities) // _HEURISTIC_ROWS))
    some = probabilities[::step]
    median = float(np.median(pdist(some))) if len(some) > 1 else 0.0
    # More than half of the pairs are ties where the median is 0.
    return median if median > 0 else 1.0


def skce_biased(
    values: ArrayLike, gold: ArrayLike, *, given: Given = "scores", bandwidth: float | None = None
) -> float:
    """Return the biased estimate of the squared kernel calibration error.

    ``(1 / n^2) sum_ij exp(-||p_i - p_j|| / bandwidth) <e_i, e_j>``, over all pairs, each row with
    itself too. In [0, 2]. Widmann, Lindsten and Zachariah (2019), table 1, SKCE_b. Quadratic in
    rows; memory is bounded.

    Parameters
    ----------
    gold : array of int, shape (n,)
        With -1 (right choice not among them) e is minus the probabilities.
    bandwidth : float, optional
        Of the kernel ``exp(-||p - p'|| / bandwidth)`` times the identity; by default the median
        distance (`median_bandwidth`).
    """
    rows = PairedResiduals.of(values, gold, given=given, bandwidth=bandwidth)
    total = sum(float(block.sum()) for _, block in rows.blocks())
    return max(0.0, total) / rows.n**2


def skce_unbiased(
    values: ArrayLike,
    gold: ArrayLike,
    *,
    given: Given = "scores",
    bandwidth: float | None = None,
    clusters: ArrayLike | None = None,
) -> float:
    """Return the unbiased estimate of the squared kernel calibration error; may be negative.

    The mean of ``exp(-||p_i - p_j|| / bandwidth) <e_i, e_j>`` over pairs of different rows, or of
    rows from different clusters: those of one cluster are dependent, and their pairs would bring
    the bias back. In [-2, 2]; 0 in expectation for calibrated predictions. Widmann, Lindsten and
    Zachariah (2019), table 1, SKCE_uq. Quadratic in rows.
    """
    rows = PairedResiduals.of(values, gold, given=given, bandwidth=bandwidth, clusters=clusters)
    return sum(float(block.sum()) for _, block in rows.blocks(between=True)) / rows.pairs


def skce_linear(
    values: ArrayLike,
    gold: ArrayLike,
    *,
    given: Given = "scores",
    bandwidth: float | None = None,
    clusters: ArrayLike | None = None,
) -> float:
    """Return the unbiased estimate from one pair for every two rows: linear time, more noise.

    Rows 1 and 2, 3 and 4, ...; with clusters, the rows of the first and the second cluster one by
    one, of the third and the fourth, .... Widmann, Lindsten and Zachariah (2019), table 1, SKCE_ul.
    """
    rows = PairedResiduals.of(values, gold, given=given, bandwidth=bandwidth, clusters=clusters)
    terms, _ = rows.matched()
    return float(terms.mean())


class PairedResiduals:
    """Predictions and residuals, and what the kernel makes of pairs of them."""

    def __init__(
        self, probabilities: Floats, residual: Floats, cluster: NDArray[np.intp], bandwidth: float
    ) -> None:
        self.probabilities, self.residual = probabilities, residual
        self.cluster, self.bandwidth = cluster, bandwidth
        self.n = len(probabilities)

    @classmethod
    def of(
        cls,
        values: ArrayLike,
        gold: ArrayLike,
        *,
        given: Given = "scores",
        bandwidth: float | None = None,
        clusters: ArrayLike | None = None,
    ) -> PairedResiduals:
        """Check the input; rows are put in the order of their clusters' first appearance."""
        probabilities = to_probabilities(values, given=given)
        right = check_gold(gold, probabilities.shape, absent=True)
        residual = -probabilities
        known = np.flatnonzero(right >= 0)
        residual[known, right[known]] += 1.0
        cluster = _numbered(clusters, len(right))
        order = np.argsort(cluster, kind="stable")
        width = (
            median_bandwidth(probabilities) if bandwidth is None else _check_bandwidth(bandwidth)
        )
        return cls(probabilities[order], residual[order], cluster[order], width)

    @property
    def pairs(self) -> int:
        """Ordered pairs of rows from different clusters; DataError where there are none."""
        sizes = np.bincount(self.cluster).astype(object)
        count = int(self.n**2 - (sizes**2).sum())
        if count == 0:
            raise _one_cluster()
        return count

    def blocks(self, *, between: bool = False) -> Iterator[tuple[slice, Floats]]:
        """Yield some rows of the matrix of all pairs; pairs within clusters are 0 if `between`."""
        step = max(1, _BLOCK // self.n)
        for start in range(0, self.n, step):
            part = slice(start, min(start + step, self.n))
            distance = cdist(self.probabilities[part], self.probabilities)
            matrix = np.exp(-distance / self.bandwidth) * (self.residual[part] @ self.residual.T)
            if between:
                matrix[self.cluster[part, None] == self.cluster] = 0.0
            yield part, matrix

    def matched(self) -> tuple[Floats, NDArray[np.intp]]:
        """Return the terms of matched rows of neighbouring clusters, and the match of each."""
        if self.cluster[-1] == 0:
            raise _one_cluster()
        starts = np.searchsorted(self.cluster, np.arange(self.cluster[-1] + 2))
        sizes = np.diff(starts)
        within = np.arange(self.n) - starts[self.cluster]
        even = self.cluster % 2 == 0
        partner = np.minimum(self.cluster + 1, len(sizes) - 1)
        first = np.flatnonzero(even & (partner > self.cluster) & (within < sizes[partner]))
        second = starts[partner[first]] + within[first]
        distance = np.linalg.norm(self.probabilities[first] - self.probabilities[second], axis=1)
        product = (self.residual[first] * self.residual[second]).sum(axis=1)
        return np.exp(-distance / self.bandwidth) * product, self.cluster[first] // 2


def _numbered(clusters: ArrayLike | None, n: int) -> NDArray[np.intp]:
    """Return the number of each row's cluster, by first appearance."""
    if clusters is None:
        return np.arange(n)
    names = np.asarray(clusters)
    if names.shape != (n,):
        raise DataError(
            f"clusters have shape {names.shape} for {n} rows",
            where="clusters",
            remedy="give one label for each row",
        )
    _, first, inverse = np.unique(names, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse], dtype=np.intp)


def _one_cluster() -> DataError:
    return DataError(
        "all rows are of one cluster",
        where="clusters",
        remedy="give rows of two or more clusters, or use skce_biased",
    )


def _check_bandwidth(bandwidth: float) -> float:
    if not (0 < bandwidth < np.inf):
        raise SettingsError(
            f"bandwidth is {bandwidth}", where="bandwidth", remedy="give a number above 0"
        )
    return float(bandwidth)
