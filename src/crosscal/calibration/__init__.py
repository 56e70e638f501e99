"""Calibration measured and mended, on plain arrays: numpy and scipy alone."""

from crosscal.calibration.binning import Bins, BinTable, Edges, Scheme, bin_table, make_bins
from crosscal.calibration.errors import (
    ece,
    ece_debiased,
    excess_variance,
    signed_gap,
    square_ce_debiased,
)
from crosscal.calibration.intervals import quantile_interval, two_sided_p
from crosscal.calibration.inversion import compatible_errors
from crosscal.calibration.noise import NoiseFloor, calibrated_errors, noise_floor
from crosscal.calibration.notion import Notion, outcomes, to_probabilities
from crosscal.calibration.proper import (
    brier,
    brier_rows,
    log_softmax,
    nll,
    nll_rows,
    softmax,
    top_label,
)
from crosscal.calibration.resampling import (
    cluster_bin_sums,
    cluster_sums,
    cluster_weights,
    seed_deviations,
)
from crosscal.calibration.shrinkage import shrinkage_matrix
from crosscal.calibration.temperature import ConvergenceWarning, TemperatureScaling

__all__ = [
    "BinTable",
    "Bins",
    "ConvergenceWarning",
    "Edges",
    "NoiseFloor",
    "Notion",
    "Scheme",
    "TemperatureScaling",
    "bin_table",
    "brier",
    "brier_rows",
    "calibrated_errors",
    "cluster_bin_sums",
    "cluster_sums",
    "cluster_weights",
    "compatible_errors",
    "ece",
    "ece_debiased",
    "excess_variance",
    "log_softmax",
    "make_bins",
    "nll",
    "nll_rows",
    "noise_floor",
    "outcomes",
    "quantile_interval",
    "seed_deviations",
    "shrinkage_matrix",
    "signed_gap",
    "softmax",
    "square_ce_debiased",
    "to_probabilities",
    "top_label",
    "two_sided_p",
]
