"""The same measures by crosscal, under the names that ``record.py`` gives them."""

from __future__ import annotations

import warnings

import numpy as np

from crosscal import calibration as ours
from crosscal.calibration import corp_decomposition as corp
from crosscal.calibration import outcomes
from crosscal.calibration.recalibration import (
    BetaCalibration,
    DirichletCalibration,
    EnsembleTemperature,
    HistogramBinning,
    IsotonicCalibration,
    MatrixScaling,
    ScalingBinning,
    TemperatureScaling,
    VectorScaling,
    VennAbers,
)
from crosscal.calibration.selective.selective import auroc

GIVEN = {"given": "probabilities"}


def chosen(measure, **settings):
    """Measure the chosen label."""
    return lambda p, y: measure(*outcomes(p, y, **GIVEN), **settings)


def of_class_1(measure):
    return lambda p, y: measure(*outcomes(p, y, notion=1, **GIVEN))


def mean_over_classes(p, y):
    """Average the error of each class over bins of its own of equal mass, each row counted once."""
    each = [ours.ece(*outcomes(p, y, notion=c, **GIVEN), scheme="mass") for c in range(p.shape[1])]
    return np.mean(each)


def mean_error_of_bins(p, y):
    """Compute what netcal calls ACE: the mean over the filled bins, none weighted."""
    confidence, correct = outcomes(p, y, **GIVEN)
    bins = ours.make_bins(confidence, bins=15, edges="left")
    table = ours.bin_table(confidence, correct, bins)
    filled = table.n > 0
    return np.mean(np.abs(table.confidence - table.correct)[filled] / table.n[filled])


def corp_part(score, part):
    return lambda p, y: getattr(corp(*outcomes(p, y, **GIVEN), score=score), part)


METRICS = {
    "ece": chosen(ours.ece),
    "ece_10": chosen(ours.ece, bins=10, edges="left"),
    "ece_mass": chosen(ours.ece, scheme="mass"),
    "ece_of_class_1": of_class_1(ours.ece),
    "classwise_ece": lambda p, y: ours.classwise_ece(p, y, **GIVEN),
    "classwise_ece_mass": mean_over_classes,
    "rmsce": chosen(ours.rmsce, scheme="width"),
    "rmsce_mass": chosen(ours.rmsce, scheme="mass"),
    "rmsce_mass_debiased": chosen(ours.rmsce_debiased, scheme="mass"),
    "mce": chosen(ours.mce),
    "mean_error_of_bins": mean_error_of_bins,
    "smooth_ece": chosen(ours.smooth_ece),
    "nll": lambda p, y: ours.nll(p, y, **GIVEN),
    "brier": lambda p, y: ours.brier(p, y, **GIVEN),
    "brier_over_classes": lambda p, y: ours.brier(p, y, **GIVEN) / p.shape[1],
    "auroc": chosen(auroc),
    **{
        f"corp_{score}_{part}": corp_part(name, part)
        for score, name in (("brier", "brier"), ("log", "nll"))
        for part in ("miscalibration", "discrimination", "uncertainty")
    },
}


def by(kind, **settings):
    """Fit on probabilities and return those of new rows."""

    def run(p, y, new):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return kind(given="probabilities", **settings).fit(p, y).predict_proba(new)

    return run


def confidence_by(kind, **settings):
    """Fit on the chosen label and return its new confidence, as its map has it."""

    def run(p, y, new):
        return by(kind, notion="top-label", **settings)(p, y, new)[
            np.arange(len(new)), new.argmax(axis=1)
        ]

    return run


def not_normalised(kind, **settings):
    """Calibrate each class, and leave the rows as they are."""

    def run(p, y, new):
        each = [
            by(kind, **settings)(_two(p[:, c]), (y == c).astype(int), _two(new[:, c]))[:, 1]
            for c in range(p.shape[1])
        ]
        return np.column_stack(each)

    return run


def _two(p):
    return np.column_stack([1 - p, p])


RECALIBRATED = {
    "temperature": by(TemperatureScaling),
    "temperature, as Guo et al. optimise": by(TemperatureScaling),
    "temperature, as AutoGluon does": by(TemperatureScaling),
    "vector": by(VectorScaling),
    "matrix": by(MatrixScaling, off_diagonal=0.0, bias=0.0),
    "ensemble-temperature, NLL": by(EnsembleTemperature),
    "ensemble-temperature, squared": by(EnsembleTemperature),
    "isotonic": by(IsotonicCalibration),
    "beta": by(BetaCalibration),
    "dirichlet": by(DirichletCalibration),
    "dirichlet, default settings": by(DirichletCalibration),
    "venn-abers": by(VennAbers),
    "venn-abers, one class against the rest": by(VennAbers),
    "histogram, each class, 10 bins of equal width": by(HistogramBinning, scheme="width"),
    "histogram, chosen label, 10 bins of equal mass": confidence_by(HistogramBinning),
    "scaling-binning, chosen label, 10 bins": confidence_by(ScalingBinning),
    "histogram, each class, 10 bins of equal mass": not_normalised(HistogramBinning),
    "scaling-binning, each class, 10 bins": not_normalised(ScalingBinning),
}
