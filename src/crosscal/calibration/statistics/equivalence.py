"""Is a change smaller than a margin that matters? Tests of that, from draws of the change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.statistics.intervals import check_draws, check_level, quantile_interval
from crosscal.exceptions import SettingsError

Floats = NDArray[np.float64]
Verdict = Literal["within", "beyond", "inconclusive"]


@dataclass(frozen=True, kw_only=True)
class MarginTest:
    """The verdict on a change against a margin.

    Attributes
    ----------
    low, high : float
        The interval that decides: two-sided, of level 1 - 2 alpha. `low` is minus infinity in
        a test of non-inferiority.
    p_value : float
        Of the hypothesis that the change reaches the margin.
    verdict : {"within", "beyond", "inconclusive"}
        ``within``: the whole interval lies inside the margin, so the change is smaller than
        what matters. ``beyond``: the whole interval lies outside. ``inconclusive``: neither;
        this is not evidence for "no change".
    """

    margin: float
    low: float
    high: float
    p_value: float
    verdict: Verdict


def equivalence(low: Floats, high: Floats, *, margin: float, alpha: float = 0.05) -> MarginTest:
    """Test whether a change is smaller in size than a margin (two one-sided tests).

    Hypothesis: ``|change| >= margin``. Both of "change <= -margin" and "change >= margin" are
    tested at level alpha, which is the same as asking whether the interval of level
    ``1 - 2 alpha`` lies inside (-margin, margin). Schuirmann (1987). p is the larger of the two
    one-sided p-values, each counting one replicate more, so never 0.

    Parameters
    ----------
    low, high : ndarray of shape (replicates,)
        Draws of the true change, the least and the greatest it can be; mostly the same array
        twice (see `crosscal.calibration.quantile_interval`).
    margin : float
        Above 0; the smallest change that would matter, chosen before looking.
    alpha : float
        Between 0 and 0.5; probability of claiming equivalence at the margin.

    Raises
    ------
    SettingsError, DataError
        A number outside its range; no draws, or some that are not finite.
    """
    _check_margin(margin, alpha)
    least, most = check_draws(low, "low"), check_draws(high, "high")
    bottom, top = quantile_interval(least, most, 1 - 2 * alpha)
    p_value = max(_share(least <= -margin), _share(most >= margin))
    beyond = bottom >= margin or top <= -margin
    return MarginTest(
        margin=margin,
        low=bottom,
        high=top,
        p_value=p_value,
        verdict=_verdict(p_value <= alpha, beyond),
    )


def non_inferiority(low: Floats, high: Floats, *, margin: float, alpha: float = 0.05) -> MarginTest:
    """Test whether a change for the worse is smaller than a margin; any gain is welcome.

    Hypothesis: ``change >= margin``, where higher is worse, as for errors and NLL. For
    measures where lower is worse (accuracy) give the draws with the sign turned, as
    ``non_inferiority(-high, -low, margin=...)``. Arguments and errors are those of `equivalence`.
    The test's `high` is the upper limit of level ``1 - alpha``; ``beyond``: the lower limit of that
    level is at or above the margin.
    """
    _check_margin(margin, alpha)
    least, most = check_draws(low, "low"), check_draws(high, "high")
    bottom, top = quantile_interval(least, most, 1 - 2 * alpha)
    p_value = _share(most >= margin)
    return MarginTest(
        margin=margin,
        low=-np.inf,
        high=top,
        p_value=p_value,
        verdict=_verdict(p_value <= alpha, bottom >= margin),
    )


def _verdict(within: bool, beyond: bool) -> Verdict:
    if within:
        return "within"
    return "beyond" if beyond else "inconclusive"


def _share(against: NDArray[np.bool_]) -> float:
    return float((1 + against.sum()) / (1 + len(against)))


def _check_margin(margin: float, alpha: float) -> None:
    if not 0 < margin < np.inf:
        raise SettingsError(
            f"margin is {margin}",
            where="margin",
            remedy="give the smallest change that matters, above 0",
        )
    check_level(1 - alpha)
    if alpha >= 0.5:
        raise SettingsError(
            f"alpha is {alpha}", where="alpha", remedy="give less than 0.5, as 0.05"
        )
