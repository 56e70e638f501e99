"""Calibration measured and mended, on plain arrays: numpy and scipy alone."""

from crosscal.calibration.binning import Bins, BinTable, Edges, Scheme, bin_table, make_bins
from crosscal.calibration.comparison.brier_split import SplitContrast, brier_split
from crosscal.calibration.comparison.contrasts import Answers, Contrast
from crosscal.calibration.comparison.matching import MatchedContrast, accuracy_matched
from crosscal.calibration.decomposition.corp import (
    Decomposition,
    ReliabilityCurve,
    corp_classwise,
    corp_decomposition,
    reliability_curve,
)
from crosscal.calibration.decomposition.corp_resampling import (
    ConsistencyBand,
    consistency_band,
    corp_noise_floor,
)
from crosscal.calibration.decomposition.murphy import (
    MurphyDecomposition,
    murphy_decomposition,
)
from crosscal.calibration.decomposition.refinement import (
    Refinement,
    cross_fitted_refinement,
    in_sample_refinement,
    isotonic_refinement,
)
from crosscal.calibration.entropy import (
    entropy_gap,
    entropy_gap_rows,
    entropy_rows,
    mean_entropy,
    mean_normalised_entropy,
    normalised_entropy_rows,
)
from crosscal.calibration.errors.adaptive import ace, tace
from crosscal.calibration.errors.binned import (
    ece,
    ece_debiased,
    excess_variance,
    mce,
    rmsce,
    rmsce_debiased,
    signed_gap,
    square_ce_debiased,
)
from crosscal.calibration.errors.classwise import classwise_ece
from crosscal.calibration.errors.kernel import kernel_error, skce_biased, skce_linear, skce_unbiased
from crosscal.calibration.errors.kernel_testing import KernelTest, kernel_test, kernel_test_linear
from crosscal.calibration.errors.noise import NoiseFloor, calibrated_errors, noise_floor
from crosscal.calibration.errors.overconfidence import (
    confident_error_rate,
    overconfidence,
    overconfident_errors,
    underconfidence,
)
from crosscal.calibration.errors.smooth import smooth_bandwidth, smooth_ece
from crosscal.calibration.errors.sweep import ece_sweep, sweep_bins
from crosscal.calibration.estimation.estimates import estimate_errors
from crosscal.calibration.estimation.measurement import (
    Measurement,
    PerfectCalibration,
    mean_measurement,
)
from crosscal.calibration.estimation.resampling import ClusterResampling, resample_clusters
from crosscal.calibration.estimation.samples import CLASSWISE, ERRORS
from crosscal.calibration.evaluation.evaluating import evaluate
from crosscal.calibration.evaluation.results import Evaluation
from crosscal.calibration.human.distances import (
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
from crosscal.calibration.human.entropies import (
    entropy_calibration,
    entropy_calibration_debiased,
    entropy_calibration_debiased_rows,
    entropy_calibration_rows,
    entropy_noise_floor_rows,
)
from crosscal.calibration.human.votes import (
    vote_entropy_debiased_rows,
    vote_entropy_rows,
    vote_shares,
)
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
from crosscal.calibration.recalibration import (
    RECALIBRATORS,
    BayesianTemperature,
    BetaCalibration,
    ConvergenceWarning,
    DirichletCalibration,
    EnsembleTemperature,
    HistogramBinning,
    IsotonicCalibration,
    MatrixScaling,
    Recalibrator,
    ScalingBinning,
    TemperatureScaling,
    VectorScaling,
    VennAbers,
)
from crosscal.calibration.selective.ranking import SelectiveReplicates, selective_replicates
from crosscal.calibration.selective.selective import (
    RiskCoverage,
    accuracy_at_coverage,
    augrc,
    aurc,
    auroc,
    coverage_at_risk,
    excess_aurc,
    risk_coverage,
)
from crosscal.calibration.statistics.cluster_sums import (
    cluster_bin_sums,
    cluster_sums,
    cluster_weights,
)
from crosscal.calibration.statistics.crossed_seeds import CrossedSeeds, SeedSpread, seed_pivots
from crosscal.calibration.statistics.equivalence import MarginTest, equivalence, non_inferiority
from crosscal.calibration.statistics.intervals import percentile_interval, quantile_interval
from crosscal.calibration.statistics.multiplicity import benjamini_hochberg, holm
from crosscal.calibration.statistics.p_values import two_sided_tail, upper_tail
from crosscal.calibration.statistics.power import (
    clusters_needed,
    detectable_effect,
    detectable_shift,
    power_of,
    power_of_shift,
)
from crosscal.calibration.statistics.shrinkage import shrinkage_matrix
from crosscal.calibration.streaming.accumulator import CalibrationAccumulator

__all__ = [
    "CLASSWISE",
    "ERRORS",
    "RECALIBRATORS",
    "Answers",
    "BayesianTemperature",
    "BetaCalibration",
    "BinTable",
    "Bins",
    "CalibrationAccumulator",
    "ClusterResampling",
    "ConsistencyBand",
    "Contrast",
    "ConvergenceWarning",
    "CrossedSeeds",
    "Decomposition",
    "DirichletCalibration",
    "Edges",
    "EnsembleTemperature",
    "Evaluation",
    "HistogramBinning",
    "IsotonicCalibration",
    "KernelTest",
    "MarginTest",
    "MatchedContrast",
    "MatrixScaling",
    "Measurement",
    "MurphyDecomposition",
    "NoiseFloor",
    "Notion",
    "PerfectCalibration",
    "Recalibrator",
    "Refinement",
    "ReliabilityCurve",
    "RiskCoverage",
    "ScalingBinning",
    "Scheme",
    "SeedSpread",
    "SelectiveReplicates",
    "SplitContrast",
    "TemperatureScaling",
    "VectorScaling",
    "VennAbers",
    "accuracy_at_coverage",
    "accuracy_matched",
    "ace",
    "augrc",
    "aurc",
    "auroc",
    "benjamini_hochberg",
    "bin_table",
    "brier",
    "brier_rows",
    "brier_split",
    "calibrated_errors",
    "classwise_ece",
    "cluster_bin_sums",
    "cluster_sums",
    "cluster_weights",
    "clusters_needed",
    "confident_error_rate",
    "consistency_band",
    "corp_classwise",
    "corp_decomposition",
    "corp_noise_floor",
    "coverage_at_risk",
    "cross_fitted_refinement",
    "detectable_effect",
    "detectable_shift",
    "ece",
    "ece_debiased",
    "ece_sweep",
    "entropy_calibration",
    "entropy_calibration_debiased",
    "entropy_calibration_debiased_rows",
    "entropy_calibration_rows",
    "entropy_gap",
    "entropy_gap_rows",
    "entropy_noise_floor_rows",
    "entropy_rows",
    "equivalence",
    "estimate_errors",
    "evaluate",
    "excess_aurc",
    "excess_variance",
    "holm",
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
    "in_sample_refinement",
    "isotonic_refinement",
    "kernel_error",
    "kernel_test",
    "kernel_test_linear",
    "log_softmax",
    "make_bins",
    "mce",
    "mean_entropy",
    "mean_measurement",
    "mean_normalised_entropy",
    "murphy_decomposition",
    "nll",
    "nll_rows",
    "noise_floor",
    "non_inferiority",
    "normalised_entropy_rows",
    "outcomes",
    "overconfidence",
    "overconfident_errors",
    "percentile_interval",
    "power_of",
    "power_of_shift",
    "quantile_interval",
    "reliability_curve",
    "resample_clusters",
    "risk_coverage",
    "rmsce",
    "rmsce_debiased",
    "seed_pivots",
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
    "two_sided_tail",
    "underconfidence",
    "upper_tail",
    "vote_entropy_debiased_rows",
    "vote_entropy_rows",
    "vote_shares",
]
