"""Calibration measured and mended, on plain arrays: numpy and scipy alone."""

from crosscal.calibration.adaptive import ace, tace
from crosscal.calibration.binning import Bins, BinTable, Edges, Scheme, bin_table, make_bins
from crosscal.calibration.classwise import classwise_ece
from crosscal.calibration.error_estimate import ErrorEstimate
from crosscal.calibration.errors import (
    ece,
    ece_debiased,
    excess_variance,
    mce,
    rmsce,
    rmsce_debiased,
    signed_gap,
    square_ce_debiased,
)
from crosscal.calibration.estimates import CLASSWISE, ERRORS, estimate_errors
from crosscal.calibration.evaluating import evaluate
from crosscal.calibration.evaluation import Evaluation
from crosscal.calibration.intervals import quantile_interval, two_sided_p
from crosscal.calibration.inversion import compatible_errors
from crosscal.calibration.kernel import kernel_error, skce_biased, skce_linear, skce_unbiased
from crosscal.calibration.kernel_testing import KernelTest, kernel_test, kernel_test_linear
from crosscal.calibration.noise import NoiseFloor, calibrated_errors, noise_floor
from crosscal.calibration.notion import Notion, outcomes, to_probabilities
from crosscal.calibration.overconfidence import (
    confident_error_rate,
    overconfidence,
    overconfident_errors,
    underconfidence,
)
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
from crosscal.calibration.smooth import smooth_bandwidth, smooth_ece
from crosscal.calibration.streaming import CalibrationAccumulator
from crosscal.calibration.sweep import ece_sweep, sweep_bins
from crosscal.calibration.temperature import ConvergenceWarning, TemperatureScaling

__all__ = [
    "CLASSWISE",
    "ERRORS",
    "BinTable",
    "Bins",
    "CalibrationAccumulator",
    "ConvergenceWarning",
    "Edges",
    "ErrorEstimate",
    "Evaluation",
    "KernelTest",
    "NoiseFloor",
    "Notion",
    "Scheme",
    "TemperatureScaling",
    "ace",
    "bin_table",
    "brier",
    "brier_rows",
    "calibrated_errors",
    "classwise_ece",
    "cluster_bin_sums",
    "cluster_sums",
    "cluster_weights",
    "compatible_errors",
    "confident_error_rate",
    "ece",
    "ece_debiased",
    "ece_sweep",
    "estimate_errors",
    "evaluate",
    "excess_variance",
    "kernel_error",
    "kernel_test",
    "kernel_test_linear",
    "log_softmax",
    "make_bins",
    "mce",
    "nll",
    "nll_rows",
    "noise_floor",
    "outcomes",
    "overconfidence",
    "overconfident_errors",
    "quantile_interval",
    "rmsce",
    "rmsce_debiased",
    "seed_deviations",
    "shrinkage_matrix",
    "signed_gap",
    "skce_biased",
    "skce_linear",
    "skce_unbiased",
    "smooth_bandwidth",
    "smooth_ece",
    "softmax",
    "square_ce_debiased",
    "sweep_bins",
    "tace",
    "to_probabilities",
    "top_label",
    "two_sided_p",
    "underconfidence",
]
