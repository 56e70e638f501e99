"""Regimes of recalibration across languages, side by side, never scored on what they saw."""

from crosscal.analysis.recalibration_transfer.compare import compare_regimes
from crosscal.analysis.recalibration_transfer.measuring import GAINS, METRICS
from crosscal.analysis.recalibration_transfer.results import RegimeEstimate, RegimeResults
from crosscal.analysis.recalibration_transfer.rows import Fitted, Rows, fit_rows
from crosscal.analysis.recalibration_transfer.settings import REGIMES, RegimeSettings

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
