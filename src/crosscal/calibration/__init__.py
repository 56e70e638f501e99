"""Calibration measured and mended, on plain arrays: numpy and scipy alone."""

from crosscal.calibration.adaptive import ace, tace
from crosscal.calibration.binning import Bins, BinTable, Edges, Scheme, bin_table, make_bins
from crosscal.calibration.classwise import classwise_ece
from crosscal.calibration.corp import (
    Decomposition,
    ReliabilityCurve,
    corp_classwise,
    corp_decomposition,
    reliability_curve,
)
from crosscal.calibration.corp_resampling import (
    ConsistencyBand,
    CorpReplicates,
    consistency_band,
    corp_noise_floor,
    corp_replicates,
)
from crosscal.calibration.entropy import (
    entropy_gap,
    entropy_gap_rows,
    entropy_rows,
    mean_entropy,
    mean_normalised_entropy,
    normalised_entropy_rows,
)
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
from crosscal.calibration.human import (
    human_distance,
    human_distance_debiased,
    human_distance_debiased_rows,
    human_distance_rows,
    human_nll,
    human_nll_rows,
    human_noise_floor,
    human_noise_floor_rows,
    human_ranking,
    human_ranking_rows,
)
from crosscal.calibration.human_entropy import (
    entropy_calibration,
    entropy_calibration_debiased,
    entropy_calibration_debiased_rows,
    entropy_calibration_rows,
)
from crosscal.calibration.intervals import quantile_interval, two_sided_p
from crosscal.calibration.inversion import compatible_errors
from crosscal.calibration.kernel import kernel_error, skce_biased, skce_linear, skce_unbiased
from crosscal.calibration.kernel_testing import KernelTest, kernel_test, kernel_test_linear
from crosscal.calibration.murphy import (
    MurphyDecomposition,
    murphy_decomposition,
)
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
from crosscal.calibration.ranking import (
    SelectiveReplicates,
    selective_replicates,
)
from crosscal.calibration.recalibration import ConvergenceWarning, TemperatureScaling
from crosscal.calibration.resampling import (
    cluster_bin_sums,
    cluster_sums,
    cluster_weights,
    seed_deviations,
)
from crosscal.calibration.selective import (
    RiskCoverage,
    accuracy_at_coverage,
    augrc,
    aurc,
    auroc,
    coverage_at_risk,
    excess_aurc,
    risk_coverage,
)
from crosscal.calibration.shrinkage import shrinkage_matrix
from crosscal.calibration.smooth import smooth_bandwidth, smooth_ece
from crosscal.calibration.streaming import CalibrationAccumulator
from crosscal.calibration.sweep import ece_sweep, sweep_bins
from crosscal.calibration.votes import (
    vote_entropy_debiased_rows,
    vote_entropy_rows,
    vote_shares,
)

__all__ = [
    "CLASSWISE",
    "ERRORS",
    "BinTable",
    "Bins",
    "CalibrationAccumulator",
    "ConsistencyBand",
    "ConvergenceWarning",
    "CorpReplicates",
    "Decomposition",
    "Edges",
    "ErrorEstimate",
    "Evaluation",
    "KernelTest",
    "MurphyDecomposition",
    "NoiseFloor",
    "Notion",
    "ReliabilityCurve",
    "RiskCoverage",
    "Scheme",
    "SelectiveReplicates",
    "TemperatureScaling",
    "accuracy_at_coverage",
    "ace",
    "augrc",
    "aurc",
    "auroc",
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
    "consistency_band",
    "corp_classwise",
    "corp_decomposition",
    "corp_noise_floor",
    "corp_replicates",
    "coverage_at_risk",
    "ece",
    "ece_debiased",
    "ece_sweep",
    "entropy_calibration",
    "entropy_calibration_debiased",
    "entropy_calibration_debiased_rows",
    "entropy_calibration_rows",
    "entropy_gap",
    "entropy_gap_rows",
    "entropy_rows",
    "estimate_errors",
    "evaluate",
    "excess_aurc",
    "excess_variance",
    "human_distance",
    "human_distance_debiased",
    "human_distance_debiased_rows",
    "human_distance_rows",
    "human_nll",
    "human_nll_rows",
    "human_noise_floor",
    "human_noise_floor_rows",
    "human_ranking",
    "human_ranking_rows",
    "kernel_error",
    "kernel_test",
    "kernel_test_linear",
    "log_softmax",
    "make_bins",
    "mce",
    "mean_entropy",
    "mean_normalised_entropy",
    "murphy_decomposition",
    "nll",
    "nll_rows",
    "noise_floor",
    "normalised_entropy_rows",
    "outcomes",
    "overconfidence",
    "overconfident_errors",
    "quantile_interval",
    "reliability_curve",
    "risk_coverage",
    "rmsce",
    "rmsce_debiased",
    "seed_deviations",
    "selective_replicates",
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
    "vote_entropy_debiased_rows",
    "vote_entropy_rows",
    "vote_shares",
]
