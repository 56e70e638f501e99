"""Recalibrators: maps from scores to better probabilities, learnt from rows with known answers.

All follow scikit-learn's contract (see `base.Recalibrator`).
"""

from collections.abc import Callable

from crosscal.calibration.recalibration.affine import (
    DirichletCalibration,
    MatrixScaling,
    VectorScaling,
)
from crosscal.calibration.recalibration.base import ConvergenceWarning, Recalibrator
from crosscal.calibration.recalibration.bayesian import BayesianTemperature
from crosscal.calibration.recalibration.beta import BetaCalibration
from crosscal.calibration.recalibration.ensemble import EnsembleTemperature
from crosscal.calibration.recalibration.histogram import HistogramBinning, ScalingBinning
from crosscal.calibration.recalibration.isotonic import IsotonicCalibration
from crosscal.calibration.recalibration.temperature import TemperatureScaling
from crosscal.calibration.recalibration.venn_abers import VennAbers

RECALIBRATORS: dict[str, Callable[[], Recalibrator]] = {
    "temperature": TemperatureScaling,
    "ensemble-temperature": EnsembleTemperature,
    "bayesian-temperature": BayesianTemperature,
    "vector": VectorScaling,
    "matrix": MatrixScaling,
    "dirichlet": DirichletCalibration,
    "histogram": HistogramBinning,
    "scaling-binning": ScalingBinning,
    "isotonic": IsotonicCalibration,
    "beta": BetaCalibration,
    "venn-abers": VennAbers,
}

__all__ = [
    "RECALIBRATORS",
    "BayesianTemperature",
    "BetaCalibration",
    "ConvergenceWarning",
    "DirichletCalibration",
    "EnsembleTemperature",
    "HistogramBinning",
    "IsotonicCalibration",
    "MatrixScaling",
    "Recalibrator",
    "ScalingBinning",
    "TemperatureScaling",
    "VectorScaling",
    "VennAbers",
]
