"""Every calibration error of one set of predictions, with interval, noise floor and p-value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.checks import check_gold
from crosscal.calibration.errors.binned import ece_debiased, rmsce_debiased
from crosscal.calibration.errors.kernel import kernel_error
from crosscal.calibration.errors.smooth import smooth_ece
from crosscal.calibration.estimation.collected import Collected, collect
from crosscal.calibration.estimation.draws import ClusterDraws, calibrated_excess, cluster_draws
from crosscal.calibration.estimation.error_estimate import ErrorEstimate, estimate_means
from crosscal.calibration.estimation.excess import Axis, smoothing
from crosscal.calibration.estimation.functionals import LOOKS_AT, Reading, Source, make_reading
from crosscal.calibration.estimation.inversion import true_errors
from crosscal.calibration.notion import Notion, outcomes, to_probabilities
from crosscal.calibration.proper import Given, brier_rows, nll_rows
from crosscal.calibration.statistics.intervals import quantile_interval
from crosscal.exceptions import SettingsError

Floats = NDArray[np.float64]

ERRORS: tuple[str, ...] = tuple(LOOKS_AT)
CLASSWISE: tuple[str, ...] = tuple(e for e, c in LOOKS_AT.items() if c.startswith("class"))

# Of "overconfident_errors".
_SURE = 0.9

# Steps to the bandwidth at which calibrated samples show that bandwidth; each quarters the
# distance.
_STEPS = 5

_LEAST_BANDWIDTH = 2 / 1024

_ON_A_GRID = ("smooth_ece", "kernel_error")


def estimate_errors(
    values: ArrayLike,
    gold: ArrayLike,
    *,
    cluster: ArrayLike,
    weights: ArrayLike,
    rng: np.random.Generator,
    given: Given = "scores",
    notion: Notion = "top-label",
    bins: int = 15,
    level: float = 0.95,
    noise_resamples: int = 400,
    errors: Sequence[str] | None = None,
) -> dict[str, ErrorEstimate]:
    """Estimate every error, and accuracy and proper scores, from one draw of clusters.

    Parameters
    ----------
    values : array of shape (n, k)
        Scores, or probabilities if so given.
    gold : array of int, shape (n,)
        -1 where the right choice is not among them; there is no NLL then.
    cluster : array of int, shape (n,)
        Number of each row's cluster: its column of `weights`.
    weights : array of shape (replicates, clusters)
        From `cluster_weights`; the same for all that is to be compared. Clusters without rows
        here are left out.
    rng : numpy.random.Generator
        For calibrated samples only.
    given : {"scores", "probabilities"}
    notion : "top-label", "class-wise" or int
        What errors are about (see `outcomes`); under "class-wise" there are the class-wise
        errors only. Those (`CLASSWISE`) always take all classes.
    bins : int
        Of the errors with a fixed number.
    level : float
        Of the intervals, between 0 and 1.
    noise_resamples : int
        Calibrated samples; p-values are at least ``1 / (1 + noise_resamples)``.
    errors : sequence of str, optional
        From `ERRORS`; by default all that the notion has.

    Returns
    -------
    dict of str to ErrorEstimate
        "accuracy" (of the chosen label), "nll", "brier", "confidence" and "gap" (of the notion),
        and the errors.

    Raises
    ------
    DataError
        Bad values, gold, clusters or weights.
    SettingsError
        Unknown or unfitting notion or error, or another setting out of range.

    Notes
    -----
    *Intervals.* Of means: quantiles of the replicates. Of errors: the inversion of
    `crosscal.calibration.estimation.inversion`, each in its own norm; bins, the bandwidth of
    the smooth error and bin shares are held at what the data gave. A debiased error shares the
    interval, noise floor and p-value of its plain form. Replicates of the smooth and the kernel
    error are taken on a grid of 129 points and scaled to the exact value. Of rows from a single
    cluster nothing is known: intervals span the whole range.

    *Null.* Perfect calibration: what a confidence is about is true with just that probability.
    If every cluster has one row, outcomes are drawn so, independently (of the classes of a row
    one is right), and the p-value is the share of samples with an error at least as large,
    which is exact but for bins that the outcomes chose (sweep). If clusters have several rows,
    calibration says nothing about their dependence, and such samples would be too quiet. The
    error is then also compared with that of the bootstrap noise (replicates less the observed
    excess), which has the dependence of the data but is too quiet where bins have few rows;
    the larger of both p-values counts. The noise floor is always that of independent rows.
    """
    wanted = _wanted(errors, notion)
    _check(noise_resamples, level)
    probabilities = to_probabilities(values, given=given)
    right = check_gold(gold, probabilities.shape, absent=True)
    about: Notion = "top-label" if notion == "class-wise" else notion
    confidence, correct = outcomes(values, gold, notion=about, given=given)
    outcome = correct.astype(np.float64)
    draws = cluster_draws(weights, cluster, len(right))
    rows = {
        "accuracy": outcomes(values, gold, given=given)[1].astype(np.float64),
        **({"nll": nll_rows(values, gold, given=given)} if right.min() >= 0 else {}),
        "brier": brier_rows(values, gold, given=given),
        "confidence": confidence,
        "gap": confidence - outcome,
    }
    if "overconfident_errors" in wanted:
        rows["overconfident_errors"] = (1.0 - outcome) * (confidence >= _SURE)
    found = estimate_means(rows, draws, level)
    if wanted:
        collected = collect(
            wanted, confidence, outcome, probabilities, right, bins=bins, sure=_SURE
        )
        excess = _Excess.of(collected, draws, noise_resamples, rng)
        for name in wanted:
            if name == "overconfident_errors":
                found[name] = _against_calibrated(found.pop(name), excess, draws)
            else:
                found[name] = _error(name, excess, draws, level, bins)
    return found


def _wanted(errors: Sequence[str] | None, notion: Notion) -> list[str]:
    """Return the names of errors to be estimated."""
    there = CLASSWISE if notion == "class-wise" else ERRORS
    for name in errors or ():
        if name not in ERRORS:
            raise SettingsError(
                f"unknown error {name!r}", where="errors", remedy=f"choose from {', '.join(ERRORS)}"
            )
        if name not in there:
            raise SettingsError(
                f"{name} is not class-wise",
                where="errors",
                remedy=f"choose from {', '.join(CLASSWISE)}, or another notion",
            )
    return list(there if errors is None else dict.fromkeys(errors))


def _check(noise_resamples: int, level: float) -> None:
    if noise_resamples < 1:
        raise SettingsError(
            f"{noise_resamples} samples", where="noise_resamples", remedy="give 1 or more"
        )
    if not 0 < level < 1:
        raise SettingsError(
            f"level is {level}", where="level", remedy="give a share between 0 and 1, as 0.95"
        )


@dataclass(frozen=True, kw_only=True)
class _Excess:
    """Excess in all columns: observed, of replicates less the observed, of calibrated rows."""

    sources: Mapping[str, Sequence[Source]]
    observed: Floats
    noise: Floats
    null: Floats

    @classmethod
    def of(
        cls, collected: Collected, draws: ClusterDraws, resamples: int, rng: np.random.Generator
    ) -> _Excess:
        sums = [
            axis.cluster_sums(axis.confidence - axis.correct, draws.cluster, draws.clusters)
            for axis in collected.axes
        ]
        observed = np.concatenate([each.sum(axis=0) for each in sums]) / len(draws.cluster)
        noise = np.hstack([draws.means(each) for each in sums])
        noise -= observed
        return cls(
            sources=collected.sources(sums),
            observed=observed,
            noise=noise,
            null=calibrated_excess(collected.axes, collected.ranges, resamples, rng),
        )


def _error(
    name: str, excess: _Excess, draws: ClusterDraws, level: float, bins: int
) -> ErrorEstimate:
    sources = excess.sources[LOOKS_AT[name]]
    reading = make_reading(name, sources)
    vector, noise = reading.vector(excess.observed), reading.vector(excess.noise)
    observed = float(reading.norm(vector))
    alone, calibrated = reading.norm(noise), reading.norm(reading.vector(excess.null))
    value = _exact(name, sources[0].axis, draws.cluster, bins, reading)
    if value is None:
        value = observed
    # Replicates on a grid come out a little different from the exact value.
    scale = value / observed if name in _ON_A_GRID and observed > 0 else 1.0
    if draws.clusters < 2:
        low, high = np.zeros(len(noise)), np.ones(len(noise))
    else:
        direction = reading.direction(excess.observed, excess.noise)
        low, high = true_errors(vector, noise, direction, reading.norm)
        low, high = scale * low, scale * high
        # A draw between 0 and the noise is too high if the true error is 0.
        may_be_zero = float((alone >= observed).mean()) > (1 - level) / 2
        low = np.zeros_like(high) if may_be_zero else low
    floor = scale * float(calibrated.mean())
    if name == "smooth_ece":
        floor = _smooth_floor(reading, excess.null)
    ends = quantile_interval(low, high, level)
    return ErrorEstimate(
        value=value,
        low=ends[0],
        high=ends[1],
        noise_floor=floor,
        p_value=_p_value(observed, calibrated, alone, draws),
        draws_low=low,
        draws_high=high,
    )


def _exact(
    name: str, axis: Axis, cluster: NDArray[np.intp], bins: int, reading: Reading
) -> float | None:
    """Return the value, None where it is just the length of the observed excess."""
    confidence, correct = axis.confidence, axis.correct
    if name == "ece_debiased":
        return ece_debiased(confidence, correct, bins=bins, clusters=cluster)
    if name == "rmsce_debiased":
        return rmsce_debiased(confidence, correct, bins=bins)
    if name == "smooth_ece":
        return smooth_ece(confidence, correct, bandwidth=reading.bandwidth)
    if name == "kernel_error":
        return kernel_error(confidence, correct)
    return None


def _against_calibrated(rate: ErrorEstimate, excess: _Excess, draws: ClusterDraws) -> ErrorEstimate:
    """Add how many overconfident errors calibrated rows would show, and whether these are more."""
    (source,) = excess.sources["sure"]
    surplus = float(excess.observed[source.start])
    return replace(
        rate,
        noise_floor=max(0.0, rate.value - surplus),
        p_value=_p_value(
            surplus, excess.null[:, source.start], excess.noise[:, source.start], draws
        ),
    )


def _p_value(observed: float, calibrated: Floats, noise: Floats, draws: ClusterDraws) -> float:
    """Return the p-value of perfect calibration; see the notes of `estimate_errors`."""
    if draws.dependent and draws.clusters < 2:
        return 1.0
    nulls = (calibrated, noise) if draws.dependent else (calibrated,)
    # Outcomes are summed in single precision; a tie must count as a tie.
    least = observed - 1e-6 * abs(observed) - 1e-12
    counts = [(1 + int((null >= least).sum()), 1 + len(null)) for null in nulls]
    return max(count / total for count, total in counts)


def _smooth_floor(reading: Reading, null: Floats) -> float:
    """Return the mean error at the bandwidth at which calibrated rows show that bandwidth."""
    grid = null[:, reading.columns]
    bandwidth = 0.1
    for _ in range(_STEPS):
        shown = float(np.abs(grid @ smoothing(grid.shape[1], bandwidth)).sum(axis=1).mean())
        # The error falls about as the root of the bandwidth, so the middle is nearly there.
        bandwidth = min(1.0, max(_LEAST_BANDWIDTH, float(np.sqrt(bandwidth * shown))))
    return shown
