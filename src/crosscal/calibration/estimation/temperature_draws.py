"""Draws of a temperature: what other development data would have given.

A temperature fitted on few rows is itself uncertain, and intervals that take it as given are too
short. So the development clusters are resampled and the temperature is refitted in every
replicate. The derivative of the negative log-likelihood in the inverse temperature only grows, and
its sums over clusters at a few temperatures are enough to find its root for all replicates at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.estimation.resampling import ClusterResampling
from crosscal.calibration.proper import softmax

Floats = NDArray[np.float64]

# Temperatures that the derivative is known at, over so many standard errors on either side.
_NODES, _REACH = 9, 4.0


def temperature_offsets(
    scores: Floats,
    gold: NDArray[np.int64],
    cluster: NDArray[np.intp],
    temperature: float,
    resampling: ClusterResampling,
) -> Floats:
    """Draw the logarithm of the true temperature less that of the fitted one."""
    clusters = len(np.unique(cluster))
    units = resampling.weights.shape[1]
    slope = _slopes(scores, gold, cluster, units, temperature, np.zeros(1))[:, 0]
    step = 1e-3
    around = _slopes(scores, gold, cluster, units, temperature, np.array([-step, step]))
    curvature = float((around[:, 0] - around[:, 1]).sum()) / (2 * step)
    if clusters < 2 or curvature <= 0:
        return np.zeros(resampling.replicates)
    error = max(float(np.sqrt(np.square(slope - slope.mean()).sum())) / curvature, 1e-6)
    nodes = np.linspace(-_REACH, _REACH, _NODES) * error
    sums = _slopes(scores, gold, cluster, units, temperature, nodes)
    roots = _roots(resampling.weights @ sums, nodes)
    return np.asarray(resampling.student(clusters) * roots)


def _slopes(
    scores: Floats,
    gold: NDArray[np.int64],
    cluster: NDArray[np.intp],
    units: int,
    temperature: float,
    offsets: Floats,
) -> Floats:
    """Return sums over clusters of the loss's slope in 1 / T, shape (units, offsets)."""
    finite = np.where(np.isfinite(scores), scores, 0.0)  # choices that a row lacks weigh 0
    right = scores[np.arange(len(gold)), gold]
    sums = np.empty((units, len(offsets)))
    for number, offset in enumerate(offsets):
        expected = (softmax(scores / (temperature * np.exp(offset))) * finite).sum(axis=1)
        sums[:, number] = np.bincount(cluster, weights=expected - right, minlength=units)
    return sums


def _roots(slopes: Floats, nodes: Floats) -> Floats:
    """Return where each row of slopes, falling along the nodes, crosses 0; else an end."""
    positive = (slopes > 0).sum(axis=1)
    left = np.clip(positive - 1, 0, len(nodes) - 2)
    rows = np.arange(len(slopes))
    high, low = slopes[rows, left], slopes[rows, left + 1]
    drop = np.where(high > low, high - low, 1.0)
    share = np.clip(high / drop, 0.0, 1.0)
    return np.asarray(nodes[left] + share * (nodes[1] - nodes[0]))
