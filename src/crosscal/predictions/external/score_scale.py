"""What scores seem to be that are neither probabilities nor logits: per cent, votes, log10, odds.

Their softmax would be a number that nobody meant, and nothing else would tell.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from crosscal.predictions.external.first_rows import MOSTLY, tolerance

Floats = NDArray[np.float64]

_LOOKED_AT = 10_000
# Rows below which equal sums are chance, and sums of one.
_FEWEST_EQUAL, _FEWEST_ONE = 10, 3
_ROUNDED, _COARSE = 0.5, 0.02
# Of an answer that is all but certain every unit says the same.
_CERTAIN = 0.99
_BASES = {"to base 10": 10.0, "to base 2": 2.0}


def other_unit(values: NDArray[Any]) -> tuple[str, str] | None:
    """Return why rows (n, k) seem to be no logits, and what helps; None where they may be some."""
    rows = np.asarray(values[:: max(1, len(values) // _LOOKED_AT)], dtype=np.float64)
    present = rows[np.isfinite(rows)]
    if present.min() >= 0:
        return _shares(rows) or _surprisals(rows)
    if len(rows) < _FEWEST_ONE or _are_one(np.exp(np.minimum(rows, 1))):
        return None
    if present.max() <= 0:
        for base, number in _BASES.items():
            if _are_one(number**rows):
                return f"they look like logarithms {base}", f"Multiply them by {np.log(number):.6f}"
    return _log_odds(rows)


def _shares(rows: Floats) -> tuple[str, str] | None:
    """Rows of which all sum to the same: parts of 100 or of 1000, or of a number of votes."""
    sums = np.where(np.isfinite(rows), rows, 0).sum(axis=1)
    whole, k = float(np.median(sums)), rows.shape[1]
    slack = max(whole * tolerance(k), min(_ROUNDED * k, _COARSE * whole))
    equal = float((np.abs(sums - whole) <= slack).mean()) >= MOSTLY
    if abs(whole - 100) <= slack and equal:
        return "rows sum to 100, as probabilities in per cent do", "Divide them by 100"
    if equal and len(rows) >= _FEWEST_EQUAL and whole > 1:
        what = f"rows sum to {whole:g}, as counts of votes or shares of a whole do"
        return what, f"Divide them by {whole:g}"
    return None


def _surprisals(rows: Floats) -> tuple[str, str] | None:
    if len(rows) < _FEWEST_ONE:
        return None
    for base, number in ({"": np.e} | _BASES).items():
        if _are_one(number ** -np.where(np.isneginf(rows), np.inf, rows)):
            what = " ".join(filter(None, ("they look like negative logarithms", base)))
            return what, f"Multiply them by {-np.log(number):.6f}"
    return None


def _log_odds(rows: Floats) -> tuple[str, str] | None:
    """Log-odds of each class: of two classes they are opposites."""
    if rows.shape[1] == 2:
        found = np.abs(rows.sum(axis=1)) <= 1e-4 * np.maximum(1, np.abs(rows).max(axis=1))
        if not rows.any() or float(found.mean()) < MOSTLY:
            return None
        return (
            "they are each other's opposite, as the log-odds of two classes are",
            "Name one column of log-odds, that of class 1, with --scores",
        )
    odds = expit(rows)
    doubtful = odds[odds.max(axis=1) < _CERTAIN]
    if len(doubtful) < _FEWEST_ONE or not _are_one(doubtful):
        return None
    return (
        "they look like log-odds of each class",
        "Give their logistic function, 1 / (1 + exp(-x))",
    )


def _are_one(powers: Floats) -> bool:
    off = np.abs(powers.sum(axis=1) - 1)
    return float((off <= tolerance(powers.shape[1])).mean()) >= MOSTLY
