"""Regimes of recalibration across languages, side by side, never scored on what they saw."""

from crosscal.analysis.regimes.compare import compare_regimes
from crosscal.analysis.regimes.measuring import GAINS, METRICS
from crosscal.analysis.regimes.results import RegimeEstimate, RegimeResults
from crosscal.analysis.regimes.rows import Fitted, Rows, fit_rows
from crosscal.analysis.regimes.settings import REGIMES, RegimeSettings

__all__ = [
    "GAINS",
    "METRICS",
    "REGIMES",
    "Fitted",
    "RegimeEstimate",
    "RegimeResults",
    "RegimeSettings",
    "Rows",
    "compare_regimes",
    "fit_rows",
]
