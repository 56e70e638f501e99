"""CORP: reliability by isotonic regression, with no bins to choose.

Outcomes are regressed on confidence under the one demand that the curve never falls (pool
adjacent violators). What the score gains by taking the curve's values instead of the confidences
is miscalibration; what it gains from the base rate to the curve is discrimination.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import isotonic_regression
from scipy.special import xlog1py, xlogy

from crosscal.calibration.checks import check_confidence, check_correct, check_gold
from crosscal.calibration.notion import to_probabilities
from crosscal.calibration.proper import Given
from crosscal.exceptions import SettingsError

Floats = NDArray[np.float64]
ProperScore = Literal["brier", "nll"]


@dataclass(frozen=True, kw_only=True)
class ReliabilityCurve:
    """The isotonic regression of being right on confidence."""

    confidence: Floats  # (m,) the distinct confidences, rising
    n: NDArray[np.int64]  # (m,) rows of each
    accuracy: Floats  # (m,) the curve at each: never falling, in [0, 1]


@dataclass(frozen=True, kw_only=True)
class Decomposition:
    """``score = miscalibration - discrimination + uncertainty``."""

    # MCB, DSC and UNC of Dimitriadis, Gneiting and Jordan (2021), all at least 0.
    score: float
    miscalibration: float
    discrimination: float
    uncertainty: float


def reliability_curve(confidence: ArrayLike, correct: ArrayLike) -> ReliabilityCurve:
    """Fit the isotonic regression of being right on confidence.

    Dimitriadis, Gneiting and Jordan (2021). Fitted on the rows it describes: near the ends, where
    few rows are left, the curve is too low and too high.
    """
    level, n, hits = _pooled(confidence, correct)
    return ReliabilityCurve(
        confidence=level, n=n.astype(np.int64), accuracy=rising_shares(n, hits / n)
    )


def corp_decomposition(
    confidence: ArrayLike, correct: ArrayLike, *, score: ProperScore = "brier"
) -> Decomposition:
    """Decompose a proper score into miscalibration, discrimination and uncertainty.

    With S the mean score of the confidences, S_c that of the reliability curve's values and S_r
    that of the base rate: miscalibration ``S - S_c``, discrimination ``S_r - S_c``, uncertainty
    ``S_r``. Dimitriadis, Gneiting and Jordan (2021), equations 1 to 3; ``decompose`` of
    model-diagnostics, ``summary`` of the R package reliabilitydiag. The curve is fitted in sample,
    on the very rows that are scored, so miscalibration and discrimination are too large by about
    the same amount, of order n^(-2/3): see `corp_noise_floor`, and `isotonic_refinement` for the
    same split on rows that were not fitted.

    Parameters
    ----------
    score : {"brier", "nll"}
        ``brier``: (confidence - correct)^2, from 0 to 1, half of `brier` with two classes.
        ``nll``: the negative logarithm of the chance that was given to what happened, in nats;
        confidence 0 in a right answer, or 1 in a wrong one, makes it and miscalibration
        infinite.
    """
    return decompose(*_pooled(confidence, correct), score)


def corp_classwise(
    values: ArrayLike, gold: ArrayLike, *, given: Given = "scores", score: ProperScore = "brier"
) -> Decomposition:
    """Sum the decompositions of every class's probability against its indicator.

    The sum of Brier scores is `brier`, 0 to 2. The sum of the classes' negative log-likelihoods is
    not `nll`: it also charges what was given to wrong classes.
    """
    probabilities = to_probabilities(values, given=given)
    right = check_gold(gold, probabilities.shape)
    # Rows that sum to one within a tolerance may hold a class a little above one.
    columns = np.minimum(probabilities, 1.0).T
    parts = [
        corp_decomposition(column, right == number, score=score)
        for number, column in enumerate(columns)
    ]
    return Decomposition(
        score=sum(part.score for part in parts),
        miscalibration=sum(part.miscalibration for part in parts),
        discrimination=sum(part.discrimination for part in parts),
        uncertainty=sum(part.uncertainty for part in parts),
    )


def total_loss(probability: Floats, n: Floats, hits: Floats, score: ProperScore) -> float:
    """Return the summed score of probabilities that stand for n rows each, `hits` of them right."""
    if score == "brier":
        return float((hits * (1.0 - probability) ** 2 + (n - hits) * probability**2).sum())
    if score == "nll":
        # + 0.0 turns -0 into 0.
        return float(-(xlogy(hits, probability) + xlog1py(n - hits, -probability)).sum() + 0.0)
    raise SettingsError(f"unknown score {score!r}", where="score", remedy="say brier or nll")


def decompose(level: Floats, n: Floats, hits: Floats, score: ProperScore) -> Decomposition:
    """Decompose the score of pooled rows: rising levels, rows of each, right rows of each."""
    rows = n.sum()
    rate = np.array([hits.sum() / rows])
    as_given = total_loss(level, n, hits, score) / rows
    curve = total_loss(rising_shares(n, hits / n), n, hits, score) / rows
    flat = total_loss(rate, np.array([rows]), np.array([hits.sum()]), score) / rows
    return Decomposition(
        score=float(as_given),
        miscalibration=float(max(0.0, as_given - curve)),
        discrimination=float(max(0.0, flat - curve)),
        uncertainty=float(flat),
    )


def rising_shares(n: Floats, share: Floats) -> Floats:
    """Return the isotonic regression of shares, in [0, 1]."""
    return np.asarray(np.clip(isotonic_regression(share, weights=n).x, 0.0, 1.0), dtype=np.float64)


def _pooled(confidence: ArrayLike, correct: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return the distinct confidences, their rows, and how many of these are right."""
    values = check_confidence(confidence)
    outcomes = check_correct(correct, len(values))
    level, index, n = np.unique(values, return_inverse=True, return_counts=True)
    hits = np.bincount(index, weights=outcomes)
    return level, n.astype(np.float64), np.asarray(hits, dtype=np.float64)
