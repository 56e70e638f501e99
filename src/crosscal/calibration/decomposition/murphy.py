"""Murphy's decomposition of a proper score into reliability, resolution and uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.binning import Edges, Scheme, bin_table, make_bins
from crosscal.calibration.checks import check_confidence, check_correct
from crosscal.calibration.decomposition.corp import ProperScore, total_loss

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class MurphyDecomposition:
    """``score = reliability - resolution + uncertainty + within``."""

    score: float  # mean score of the confidences
    # what is lost by the bins' mean confidences against their accuracies; at least 0
    reliability: float
    resolution: float  # what the bins' accuracies gain over the base rate; at least 0
    uncertainty: float  # mean score of the base rate
    # what is lost (above 0) or gained by the confidences against the means of their bins: 0
    # if all confidences of a bin are equal
    within: float


def murphy_decomposition(
    confidence: ArrayLike,
    correct: ArrayLike,
    *,
    bins: int = 15,
    edges: Edges = "right",
    scheme: Scheme = "width",
    score: ProperScore = "brier",
) -> MurphyDecomposition:
    """Decompose a proper score over bins of confidence.

    For the Brier score, with c_b and a_b the mean confidence and accuracy of bin b and a the base
    rate: reliability ``sum n_b (c_b - a_b)^2 / n``, resolution ``sum n_b (a_b - a)^2 / n``,
    uncertainty ``a (1 - a)``. The textbook form gives the bin's confidence to all its rows and ends
    there; the score of the confidences themselves differs by ``within``, which is the variance of
    the confidences inside the bins less twice their covariance with the outcomes. Murphy (1973);
    Stephenson, Coelho and Jolliffe (2008) for the part within bins; Broecker (2009) for other
    proper scores. Reliability and resolution are both too large, by about ``sum a_b (1 - a_b) / n``
    for the Brier score: one such term for each bin in use. Under
    ``nll`` squares become Kullback-Leibler divergences; a score that is infinite makes ``within``
    infinite, or ``reliability`` if the whole bin has that confidence.
    """
    values = check_confidence(confidence)
    outcomes = check_correct(correct, len(values))
    division = make_bins(values, bins=bins, edges=edges, scheme=scheme)
    table = bin_table(values, outcomes, division)
    used = table.n > 0
    n, hits = table.n[used].astype(np.float64), table.correct[used]
    rows, right = np.array([n.sum()]), np.array([hits.sum()])
    every = np.ones(len(values))
    means = table.mean_confidence[division.index(values)]
    # Rows that sit on their bin's mean lose nothing, also where both cost infinity.
    moved = values != means
    lost, gained = (
        total_loss(at[moved], every[moved], outcomes[moved], score) for at in (values, means)
    )
    centre = total_loss(table.mean_confidence[used], n, hits, score)
    accurate = total_loss(hits / n, n, hits, score)
    flat = total_loss(right / rows, rows, right, score)
    total = float(rows[0])
    return MurphyDecomposition(
        score=total_loss(values, every, outcomes, score) / total,
        reliability=max(0.0, centre - accurate) / total,
        resolution=max(0.0, flat - accurate) / total,
        uncertainty=flat / total,
        # Where the mean of a bin rounds to a confidence of infinite cost, reliability has it all.
        within=0.0 if np.isinf(gained) else (lost - gained) / total,
    )
