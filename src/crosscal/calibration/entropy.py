"""Entropy of predictions, and whether it is what the predictions cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr

from crosscal.calibration.checks import check_probabilities
from crosscal.calibration.proper import Given, log_softmax, nll_rows
from crosscal.calibration.rows import row_sum
from crosscal.exceptions import SettingsError

Floats = NDArray[np.float64]

# Below this a probability is 0 in float64; it stands in for the logarithm of 0.
_LEAST = -1e3


def entropy_rows(values: ArrayLike, *, given: Given = "scores") -> Floats:
    """Return the entropy of each row's predicted distribution, in nats.

    ``-sum_k p_k ln p_k`` with 0 ln 0 = 0: from 0 to ln k.
    """
    if given == "scores":
        logs = log_softmax(values)
        return entropy_of(np.exp(logs), logs)
    if given == "probabilities":
        return np.asarray(entr(check_probabilities(values)).sum(axis=1), dtype=np.float64)
    raise SettingsError(
        f"values given as {given!r}", where="given", remedy="say scores or probabilities"
    )


def entropy_of(probabilities: Floats, logs: Floats) -> Floats:
    """Return the entropy of each row, from log-probabilities of scores and their exponentials."""
    # + 0.0 turns -0 into 0.
    return -row_sum(probabilities * np.maximum(logs, _LEAST)) + 0.0


def mean_entropy(values: ArrayLike, *, given: Given = "scores") -> float:
    """Return the mean entropy of the predicted distributions, in nats (see `entropy_rows`)."""
    return float(entropy_rows(values, given=given).mean())


def normalised_entropy_rows(values: ArrayLike, *, given: Given = "scores") -> Floats:
    """Return each row's entropy as a share of the greatest that its choices allow.

    From 0 (certain) to 1 (uniform). With scores, the choices of a row are those above minus
    infinity; with probabilities all k count, because a probability of 0 does not say which it is.
    """
    entropy = entropy_rows(values, given=given)
    table = np.asarray(values, dtype=np.float64)
    choices = np.isfinite(table).sum(axis=1) if given == "scores" else table.shape[1]
    return np.asarray(np.minimum(entropy / np.log(choices), 1.0))


def mean_normalised_entropy(values: ArrayLike, *, given: Given = "scores") -> float:
    """Return the mean of `normalised_entropy_rows`, from 0 to 1."""
    return float(normalised_entropy_rows(values, given=given).mean())


def entropy_gap_rows(values: ArrayLike, gold: ArrayLike, *, given: Given = "scores") -> Floats:
    """Return what each row costs beyond what its prediction expects to cost, in nats.

    ``-ln p(gold) - entropy``.
    """
    return nll_rows(values, gold, given=given) - entropy_rows(values, given=given)


def entropy_gap(values: ArrayLike, gold: ArrayLike, *, given: Given = "scores") -> float:
    """Return mean negative log-likelihood minus mean entropy: above 0 overconfident.

    Of a calibrated model the two are equal, since each prediction then costs on average what it
    expects to. The reverse does not hold: gaps of single rows may cancel. In nats, from -ln k to
    infinity. It is the slope of the negative log-likelihood in ln beta, beta = 1 / temperature, at
    temperature 1. So it is 0 just where no other temperature fits these rows better, and above 0
    where a higher one does. Braverman et al. (2020), "Calibration, entropy rates, and memory in
    language models". As a mean of rows it has no bias in small samples, unlike binned errors.
    """
    return float(entropy_gap_rows(values, gold, given=given).mean())
