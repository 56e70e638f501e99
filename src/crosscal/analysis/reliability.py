"""The data of reliability diagrams."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crosscal.analysis.results import ReliabilityBin
from crosscal.calibration import bin_table, make_bins, top_label
from crosscal.calibration.statistics.binomial import binomial_quantile

Floats = NDArray[np.float64]


def reliability_bins(
    scores: Sequence[Floats],
    gold: Sequence[NDArray[np.int64]],
    *,
    recipe: str,
    language: str,
    scaling: str,
    bins: int,
    level: float = 0.95,
) -> list[ReliabilityBin]:
    """Return the non-empty bins of one diagram, pooled over seeds."""
    # The band has binomial quantiles for the bin's mean confidence. Rows of a bin differ in
    # confidence, so that their sum varies a little less: it errs on the wide side.
    division = make_bins([0.5], bins=bins)
    tables = [
        bin_table(*top_label(each, right), division)
        for each, right in zip(scores, gold, strict=True)
    ]
    table = sum(tables[1:], tables[0])
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    diagram = []
    for index in np.flatnonzero(table.n).tolist():
        n = int(table.n[index])
        confidence = float(table.confidence[index] / n)
        items = max(1, round(n / len(scores)))
        low, high = binomial_quantile(tails, items, confidence) / items
        diagram.append(
            ReliabilityBin(
                recipe=recipe,
                language=language,
                scaling=scaling,
                index=index,
                lower=float(division.lower[index]),
                upper=float(division.upper[index]),
                n=n,
                confidence=confidence,
                accuracy=float(table.correct[index] / n),
                low=float(low),
                high=float(high),
            )
        )
    return diagram
