"""Degradation of calibration across languages, and the effect of recipes on it."""

from crosscal.analysis.analyse import analyse
from crosscal.analysis.collapse import collapse_reason
from crosscal.analysis.results import METRICS, PARTS, Estimate, ReliabilityBin, Results
from crosscal.analysis.settings import AnalysisSettings

__all__ = [
    "METRICS",
    "PARTS",
    "AnalysisSettings",
    "Estimate",
    "ReliabilityBin",
    "Results",
    "analyse",
    "collapse_reason",
]
