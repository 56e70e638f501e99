"""Every calibration error of one set of predictions, with interval, noise floor and p-value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from crosscal.calibration.checks import check_gold
from crosscal.calibration.estimation.engine import measure_samples
from crosscal.calibration.estimation.measurement import Measurement
from crosscal.calibration.estimation.resampling import ClusterResampling
from crosscal.calibration.estimation.samples import (
    EvaluationSettings,
    SampleSet,
)
from crosscal.calibration.notion import Notion, to_probabilities
from crosscal.calibration.proper import Given
from crosscal.calibration.sample_weights import check_weights
from crosscal.exceptions import DataError


def estimate_errors(
    values: ArrayLike,
    gold: ArrayLike,
    *,
    cluster: ArrayLike,
    resampling: ClusterResampling,
    given: Given = "scores",
    notion: Notion = "top-label",
    bins: int = 15,
    level: float = 0.95,
    noise_resamples: int = 400,
    errors: Sequence[str] | None = None,
    name: str = "all",
    weights: ArrayLike | None = None,
) -> dict[str, Measurement]:
    """Estimate every error, and accuracy and proper scores, from one draw of clusters.

    Parameters
    ----------
    values : array of shape (n, k)
        Scores, or probabilities if so given.
    gold : array of int, shape (n,)
        -1 where the right choice is not among them; there is no NLL then.
    cluster : array of int, shape (n,)
        Number of each row's cluster: its column of the resampling's weights.
    resampling : ClusterResampling
        From `resample_clusters`; the same for all that is to be compared.
    given : {"scores", "probabilities"}
    notion : "top-label", "class-wise" or int
        What errors are about (see `outcomes`); under "class-wise" there are the class-wise
        errors only. Those (`CLASSWISE`) always take all classes.
    bins : int
        Of the errors with a fixed number.
    level : float
        Of the intervals, between 0 and 1; decides which errors may well be 0.
    noise_resamples : int
        Calibrated samples, behind noise floors and p-values.
    errors : sequence of str, optional
        From `ERRORS`; by default all that the notion has.
    name : str
        Tells sets of rows on the same items apart.
    weights : array of shape (n,), optional
        How many cases each row stands for, above 0, in any unit.

    Returns
    -------
    dict of str to Measurement
        "accuracy" (of the chosen label), "nll", "brier", "confidence" and "gap" (of the notion),
        "entropy", and the errors. `Measurement.interval` and `Measurement.null` have interval and
        p-value; the difference of two is their difference, draw by draw.

    Raises
    ------
    DataError
        Bad values, gold or clusters.
    SettingsError
        Unknown or unfitting notion or error, or another setting out of range.

    Notes
    -----
    *Intervals.* Of means: quantiles of the replicates, which hold a virtual row and Student's
    factor (`crosscal.calibration.estimation.resampling`). Of errors: the inversion of
    `crosscal.calibration.estimation.inversion`, each in its own norm; bins, the bandwidth of
    the smooth error and bin shares are held at what the data gave. A debiased error shares the
    interval, noise floor and p-value of its plain form. Replicates of the smooth and the kernel
    error are taken on a grid of 129 points and scaled to the exact value. Of rows from a single
    cluster nothing is known: intervals span the whole range, and there is no p-value.

    *Null.* Perfect calibration: what a confidence is about is true with just that probability.
    If every cluster has one row, outcomes are drawn so, independently (of the classes of a row
    one is right), and the p-value is the share of samples with an error at least as large,
    which is exact but for bins that the outcomes chose (sweep). If clusters have several rows,
    calibration says nothing about their dependence, and such samples would be too quiet. The
    error is then also compared with that of the bootstrap noise (replicates less the observed
    excess), which has the dependence of the data but is too quiet where bins have few rows;
    the larger of both p-values counts. Where few samples reach the error the tail is continued
    (`crosscal.calibration.statistics.p_values`). The noise floor is that of independent rows.
    """
    settings = EvaluationSettings(
        given=given,
        notion=notion,
        bins=bins,
        level=level,
        errors=None if errors is None else tuple(errors),
        calibrated_samples=noise_resamples,
    )
    probabilities = to_probabilities(values, given=given)
    right = check_gold(gold, probabilities.shape, absent=True)
    number = np.asarray(cluster)
    if number.shape != (len(right),) or not np.issubdtype(number.dtype, np.integer):
        raise DataError(
            f"cluster has shape {number.shape} and type {number.dtype}",
            where="cluster",
            remedy=f"give the number of the cluster of each of {len(right)} rows",
        )
    units = resampling.weights.shape[1]
    if number.min() < 0 or number.max() >= units:
        raise DataError(
            f"clusters {number.min()} to {number.max()} with weights of {units}",
            where="cluster",
            remedy="number clusters from 0, with a column of weights for each",
        )
    sample = SampleSet(
        values=np.asarray(values, dtype=np.float64),
        gold=right,
        unit=number.astype(np.intp),
        name=name,
        weights=None if weights is None else check_weights(weights, len(right), zero=False),
    )
    return measure_samples([sample], resampling, settings)[0]
