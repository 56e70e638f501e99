"""How well confidence tells right answers from wrong ones: AUROC, risk and coverage.

Rows are ranked by confidence, highest first. Rows of equal confidence stand in random order, and
every measure is its expectation over that order, so none depends on how ties are sorted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.sample_weights import of_some_weight
from crosscal.calibration.selective.ranking import SelectiveReplicates, rank, selective_replicates
from crosscal.exceptions import SettingsError

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class RiskCoverage:
    """What accepting every row of at least some confidence would cover, and at which risk."""

    threshold: Floats  # (m,) the distinct confidences, falling
    coverage: Floats  # (m,) share of the rows with confidence at or above the threshold; rises to 1
    risk: Floats  # (m,) share of those rows that are wrong


def risk_coverage(
    confidence: ArrayLike, correct: ArrayLike, *, weights: ArrayLike | None = None
) -> RiskCoverage:
    """Return the risk-coverage curve at the thresholds that can be told apart.

    El-Yaniv and Wiener (2010); Geifman and El-Yaniv (2017).

    Parameters
    ----------
    weights : array of shape (n,), optional
        How many cases each row stands for, in any unit.
    """
    own, (values, right) = of_some_weight(weights, np.asarray(confidence), np.asarray(correct))
    ranked = rank(values, right)
    if own is not None:
        own = own[ranked.order]
        running = np.cumsum(own)[ranked.ends - 1]
        return RiskCoverage(
            threshold=ranked.threshold,
            coverage=running / running[-1],
            risk=np.cumsum(own * ranked.wrong)[ranked.ends - 1] / running,
        )
    errors = np.cumsum(ranked.wrong)[ranked.ends - 1]
    return RiskCoverage(
        threshold=ranked.threshold,
        coverage=ranked.ends / len(ranked.order),
        risk=errors / ranked.ends,
    )


def auroc(confidence: ArrayLike, correct: ArrayLike) -> float:
    """Return the chance that a right answer is more confident than a wrong one.

    ``P(c_right > c_wrong) + P(c_right = c_wrong) / 2`` over all pairs of a right and a wrong row:
    the area under the ROC curve of confidence as a score for being right, exactly, from one sort.
    In [0, 1]; 0.5 if confidence says nothing or is the same everywhere; NaN if all rows are right
    or all are wrong, when there is no pair. Hanley and McNeil (1982). Equal to
    ``roc_auc_score(correct, confidence)`` of scikit-learn. The prediction rejection ratio (Malinin,
    Mlodozeniec and Gales, 2020), which compares the model's rejection curve with that of an oracle
    and of chance, is ``2 auroc - 1`` when an error counts 0 or 1, so it has no function here.
    """
    return float(_once(confidence, correct).auroc[0])


def aurc(confidence: ArrayLike, correct: ArrayLike) -> float:
    """Return the area under the risk-coverage curve.

    ``(1 / n) sum_k r(k)``, k = 1 .. n, with r(k) the share of wrong rows among the k most
    confident. Within ties r(k) is its mean over all their orders. In [0, 1], lower is better; 0 if
    all rows are right, 1 if all are wrong, the share of wrong rows if all confidences are equal.
    Geifman, Uziel and El-Yaniv (2018), section 3. It falls with accuracy as much as with ranking;
    `excess_aurc` takes the first part off. Doubling every row changes it a little, because the sum
    over k is not an integral.
    """
    return float(_once(confidence, correct).aurc[0])


def excess_aurc(confidence: ArrayLike, correct: ArrayLike) -> float:
    """Return `aurc` less the least it could be at the same accuracy.

    The best ranking puts all n - e right rows first: ``(1 / n) sum_{k > n - e} (k - (n - e)) / k``,
    summed exactly and not by its limit ``r + (1 - r) ln(1 - r)`` with r = e / n. In [0, 1]; 0 for
    the best ranking, and if all rows are right or all wrong. Geifman, Uziel and El-Yaniv (2018),
    E-AURC.
    """
    return float(_once(confidence, correct).excess_aurc[0])


def augrc(confidence: ArrayLike, correct: ArrayLike) -> float:
    """Return the area under the generalised risk-coverage curve.

    The generalised risk is the share of all rows that are accepted and wrong, so the area is the
    risk of an undetected error, averaged over coverage. It equals ``(1 - auroc) a (1 - a) + (1 -
    a)^2 / 2`` with a the accuracy. In [0, 0.5], lower is better. Doubling every row does not change
    it, and a few wrong rows of high confidence do not rule it as they do `aurc`. Traub et al.
    (2024), equations 6 and 7.
    """
    return float(_once(confidence, correct).augrc[0])


def accuracy_at_coverage(confidence: ArrayLike, correct: ArrayLike, coverage: float) -> float:
    """Return the accuracy of the most confident share of the rows.

    In [0, 1].

    Parameters
    ----------
    coverage : float
        Above 0, at most 1. The ``ceil(coverage n)`` most confident rows are taken; where the last
        of them are some of many ties, their expected number of right rows counts.
    """
    if not 0 < coverage <= 1:
        raise SettingsError(
            f"coverage is {coverage}", where="coverage", remedy="give a share above 0, up to 1"
        )
    ranked = rank(confidence, correct)
    # 0.07 * 100 is 7.000000000000001 in floating point and means 7 rows.
    taken = max(1, math.ceil(coverage * len(ranked.order) - 1e-9))
    group = int(np.searchsorted(ranked.ends, taken))
    before = int(ranked.ends[group - 1]) if group else 0
    share = ranked.wrong[before : ranked.ends[group]].mean()
    return float(1.0 - (ranked.wrong[:before].sum() + (taken - before) * share) / taken)


def coverage_at_risk(confidence: ArrayLike, correct: ArrayLike, risk: float) -> float:
    """Return the largest share of rows that a threshold can accept at no more than this risk.

    In [0, 1]; 0 if even the highest confidence is wrong too often. Ties are accepted together or
    not at all. The threshold is chosen on the rows that are counted, so new rows will show a higher
    risk at this coverage.

    Parameters
    ----------
    risk : float
        Allowed share of wrong rows among the accepted, in [0, 1].
    """
    if not 0 <= risk <= 1:
        raise SettingsError(f"risk is {risk}", where="risk", remedy="give a share from 0 to 1")
    curve = risk_coverage(confidence, correct)
    # A share such as 1/3 and the same share as the user wrote it may differ in the last bit.
    allowed = curve.coverage[curve.risk <= risk + 1e-12]
    return float(allowed.max()) if allowed.size else 0.0


def _once(confidence: ArrayLike, correct: ArrayLike) -> SelectiveReplicates:
    return selective_replicates(confidence, correct, np.ones((1, np.size(confidence))))
