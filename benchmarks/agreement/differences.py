"""Where crosscal and another library part, why, and who is right.

A reason counts only where it can be checked: `reproduce` computes the other library's number
from its convention or fault, the message of an error begins as said, or, for a recalibrator that
is to minimise the NLL, ours is at least as low on the rows fitted on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from crosscal.calibration import outcomes, softmax
from crosscal.calibration.recalibration import DirichletCalibration, EnsembleTemperature
from crosscal.calibration.recalibration.step_function import fit_step_function

GIVEN = {"given": "probabilities"}


@dataclass(frozen=True)
class Difference:
    """One known difference.

    `reproduce` takes what the measure or recalibrator takes and returns their numbers, to within
    `tolerance`. With `lower_nll` the reason holds where our NLL on the rows fitted on is not
    above theirs.
    """

    library: str
    names: tuple[str, ...]
    why: str
    reproduce: Callable | None = None
    tolerance: float = 1e-9
    error: str | None = None
    lower_nll: bool = False


def _sums(index, size, confidence, correct):
    """Return counts and sums of the residual in each bin."""
    return (
        np.bincount(index, minlength=size),
        np.bincount(index, weights=confidence - correct, minlength=size),
    )


def _own_bin_for_one(norm, bins=15):
    """Left-closed bins in which confidence 1 lies beyond the last."""

    def run(p, y):
        # float32, as the library computes; linspace has other last bits than i / bins.
        confidence, correct = (v.astype(np.float32) for v in outcomes(p, y, **GIVEN))
        edges = np.linspace(0, 1, bins + 1, dtype=np.float32)
        index = np.searchsorted(edges, confidence, side="right") - 1
        n, sums = _sums(index, bins + 1, confidence.astype(float), correct.astype(float))
        gap, share = np.abs(sums) / np.maximum(n, 1), n / n.sum()
        return {"l1": share @ gap, "l2": np.sqrt(share @ gap**2), "max": gap.max()}[norm]

    return run


def _floor_bins(p, y):
    """Bin number floor(confidence * 10), so that 1 has a bin of its own and 0.3 falls below."""
    confidence, correct = outcomes(p, y, **GIVEN)
    n, sums = _sums((confidence / 0.1).astype(int), 11, confidence, correct)
    return np.abs(sums).sum() / n.sum()


def _drifting_edges(norm, bins=15):
    """Edges from arange, each lower edge anew by subtraction: rows fall between, or in two."""

    def run(p, y):
        confidence, correct = outcomes(p, y, **GIVEN)
        size, gaps, share = 1 / bins, [], []
        for upper in np.arange(size, 1 + size, size):
            lower = upper - size
            inside = ((confidence > lower) | (lower == 0)) & (confidence <= upper)
            if inside.any():
                gaps.append(abs(correct[inside].mean() - confidence[inside].mean()))
                share.append(inside.mean())
        return float(np.dot(gaps, share)) if norm == "l1" else max(gaps)

    return run


def _of_class_1(measure, bins):
    """Measure the positive class, in left-closed bins of values kept off 0 and 1."""

    def run(p, y):
        edge = np.finfo(np.float32).eps
        confidence = np.clip(p[:, 1], edge, 1 - edge)
        index = np.searchsorted(np.linspace(0, 1, bins + 1), confidence, side="right") - 1
        n, sums = _sums(index, bins, confidence, y == 1)
        gap = np.abs(sums[n > 0]) / n[n > 0]
        share = n[n > 0] / n.sum()
        return {"mean": share @ gap, "max": gap.max(), "each": gap.mean()}[measure]

    return run


def _clipped_nll(p, y):
    edge = np.finfo(np.float64).eps
    return -np.mean(np.log(np.clip(p[np.arange(len(y)), y], edge, 1 - edge)))


def _stairs_looked_up_below(p, y, new):
    """Histogram of each class, fitted over [lower, upper) and looked up over (lower, upper]."""
    edges = np.linspace(0, 1, 11)
    columns = []
    for c in range(p.shape[1]):
        index = np.clip(np.searchsorted(edges, p[:, c], side="right") - 1, 0, 9)
        at = np.clip(np.searchsorted(edges, new[:, c], side="left") - 1, 0, 9)
        n = np.bincount(index, minlength=10)
        share = np.bincount(index, weights=y == c, minlength=10) / np.maximum(n, 1)
        columns.append(np.where(n > 0, share, edges[:-1] + 0.05)[at])
    out = np.column_stack(columns)
    return out / out.sum(axis=1, keepdims=True)


def _loose_platt(pick):
    """Scaling-binning whose curve comes from scikit-learn's logistic regression, as theirs."""

    def run(p, y, new):
        columns = []
        for confidence, outcome, at in pick(p, y, new):
            odds, new_odds = (np.log(v / (1 - v))[:, None] for v in (confidence, at))
            model = LogisticRegression(C=1e10, solver="lbfgs").fit(odds, outcome)
            fitted, here = (model.predict_proba(v)[:, 1] for v in (odds, new_odds))
            columns.append(fit_step_function(fitted, fitted, bins=10, scheme="mass").at(here))
        return np.column_stack(columns).squeeze()

    return run


def _ensemble_in_float32(p, y, new):
    rounded, at = (np.log(v.astype(np.float32)).astype(np.float64) for v in (p, new))
    return EnsembleTemperature().fit(rounded, y).predict_proba(at)


def _dirichlet_by_last_class(p, y, new):
    """Dirichlet calibration whose penalty is of the weights less those of the last class."""
    k = p.shape[1]
    logs, at = (np.column_stack([np.log(v), np.ones(len(v))]) for v in (p, new))
    penalty = np.full((k - 1, k + 1), 0.01 / (k * (k - 1)))
    penalty[:, :k] *= 1.0 - np.eye(k)[:-1]
    penalty[:, k] = 0.01 / k

    def chances(weights, features):
        return softmax(np.column_stack([features @ weights.T, np.zeros(len(features))]))

    def loss(flat):
        weights = flat.reshape(k - 1, k + 1)
        residual = chances(weights, logs)
        cost = -np.log(residual[np.arange(len(y)), y]).mean() + (penalty * weights**2).sum()
        residual[np.arange(len(y)), y] -= 1.0
        slope = residual[:, :-1].T @ logs / len(y) + 2.0 * penalty * weights
        return cost, slope.ravel()

    found = minimize(loss, np.zeros(penalty.size), jac=True, options={"gtol": 1e-10})
    return chances(found.x.reshape(k - 1, k + 1), at)


def _of_chosen(p, y, new):
    return [(p.max(axis=1), p.argmax(axis=1) == y, new.max(axis=1))]


def _of_each_class(p, y, new):
    return [(p[:, c], y == c, new[:, c]) for c in range(p.shape[1])]


_FLOAT32 = (
    "It computes in float32, whatever it is given, and puts a confidence of exactly 1 into a bin "
    "of its own beyond the last, so that such rows are compared with each other only. Ours: "
    "float64, 1 in the last bin."
)
_POSITIVE = (
    "Two gold labels in the data: it measures the probability of class 1, not of the chosen "
    "label, without saying so, in bins [lower, upper). Both are calibration errors; ours is named "
    "(notion=1 gives the same, but for edges)."
)
_BINARY = (
    "It decides from the gold labels seen, and not from the columns, that the problem is binary, "
    "and then fails because there are three. Ours does not look at which labels occur."
)
_DRIFT = (
    "Its edges come from adding 1/15 again and again, and each lower edge from subtracting it, so "
    "that they drift in the last bits: rows on an edge fall into two bins or into none. A fault: "
    "the shares of its bins do not sum to one. Ours are i / 15 and hold every row once."
)
_CLIP = (
    "A right choice of probability 0 is given the probability 2.2e-16. Ours is infinite: what was "
    "certain and wrong has no finite log-likelihood."
)

_STOPS = (
    "Its search stops at a tolerance; ours ends where the gradient vanishes. The NLL on the rows "
    "fitted on is not above theirs."
)

KNOWN = (
    *(
        Difference(library, ("temperature",), _STOPS, lower_nll=True)
        for library in ("scikit-learn", "netcal", "probmetrics")
    ),
    Difference(
        "probmetrics",
        ("temperature, as Guo et al. optimise",),
        "Fifty steps of L-BFGS at a learning rate of 0.01 from T = 1.5, as the code of Guo et al. "
        "has it, do not reach the optimum, and nothing says so: on the NLI-like case the NLL is "
        "0.776 where 0.735 can be had. A fault that much of the literature has inherited.",
        lower_nll=True,
    ),
    Difference("probmetrics", ("temperature, as AutoGluon does",), _STOPS, lower_nll=True),
    Difference("probmetrics", ("vector", "matrix"), _STOPS, lower_nll=True),
    Difference(
        "probmetrics",
        ("ensemble-temperature, NLL",),
        "It rounds the logits to float32, and seeks the temperature between 0.05 and 5 only; ours "
        "on logits so rounded is equal to 1e-6.",
        _ensemble_in_float32,
        1e-6,
    ),
    Difference(
        "probmetrics",
        ("ensemble-temperature, squared",),
        "It minimises the squared error, the default of the authors' code; ours minimises the NLL "
        "and is lower there.",
        lower_nll=True,
    ),
    Difference("betacal", ("beta",), _STOPS, lower_nll=True),
    Difference(
        "dirichletcal",
        ("dirichlet",),
        "Its search stops at a tolerance; without a reference row it has our penalty, ODIR.",
        lambda p, y, new: DirichletCalibration(given="probabilities").fit(p, y).predict_proba(new),
        1e-6,
    ),
    Difference(
        "dirichletcal",
        ("dirichlet, default settings",),
        "A fault: the weights of the last class are subtracted from all before the penalty is "
        "taken, so that the result depends on the order of the classes. Ours does not.",
        _dirichlet_by_last_class,
        1e-5,
    ),
    Difference(
        "netcal",
        ("histogram, each class, 10 bins of equal width",),
        "A fault: it fits over bins [lower, upper) and looks new rows up over (lower, upper], so "
        "that a confidence on an edge gets the value of the bin below, often an empty one's "
        "middle. Ours uses one rule.",
        _stairs_looked_up_below,
    ),
    *(
        Difference(
            "uncertainty-calibration",
            (f"scaling-binning, {about}, 10 bins",),
            "Its curve comes from scikit-learn's logistic regression, which stops at a tolerance "
            "of 1e-4; ours is fitted to the optimum.",
            _loose_platt(pick),
            1e-6,
        )
        for about, pick in (("chosen label", _of_chosen), ("each class", _of_each_class))
    ),
    *(
        Difference("torchmetrics", names, _FLOAT32, _own_bin_for_one(norm), 3e-6)
        for names, norm in ((("ece",), "l1"), (("rmsce",), "l2"), (("mce",), "max"))
    ),
    Difference(
        "relplot",
        ("ece_10",),
        "Bin floor(confidence / 0.1): a confidence of exactly 1 has a bin of its own, and 0.3 "
        "(0.3 / 0.1 = 2.9999...) falls into the third. Ours puts 1 into the last bin.",
        _floor_bins,
    ),
    *(
        Difference("netcal", (name,), _POSITIVE, _of_class_1(measure, bins), 1e-6)
        for name, measure, bins in (
            ("ece", "mean", 15),
            ("ece_10", "mean", 10),
            ("mce", "max", 15),
            ("mean_error_of_bins", "each", 15),
        )
    ),
    Difference(
        "netcal",
        ("ece", "ece_10", "mce", "mean_error_of_bins"),
        _BINARY,
        error="RuntimeError: Asserted binary classification problem",
    ),
    Difference("pycalib", ("ece",), _DRIFT, _drifting_edges("l1")),
    Difference("pycalib", ("mce",), _DRIFT, _drifting_edges("max")),
    Difference("pycalib", ("nll",), _CLIP, _clipped_nll),
    Difference("scikit-learn", ("nll",), _CLIP, _clipped_nll),
    Difference(
        "model-diagnostics",
        tuple(
            f"corp_{score}_{part}"
            for score in ("brier", "log")
            for part in ("miscalibration", "discrimination", "uncertainty")
        ),
        "It refuses one row, or rows that are all right or all wrong, where the isotonic fit "
        "touches 0 or 1. Ours gives the limit: a fit of 0 or 1 that is always right costs nothing.",
        error="ValueError: The recalibrated predictions",
    ),
)


def explanation(library, name, theirs, given, nll_gap) -> str | None:
    """Return why the numbers differ, or None where nothing known explains it.

    `nll_gap` is our NLL less theirs on the rows fitted on, None where there is none.
    """
    for known in KNOWN:
        if known.library != library or name not in known.names:
            continue
        if isinstance(theirs, dict):
            if known.error and theirs["error"].startswith(known.error):
                return known.why
        elif known.lower_nll:
            if nll_gap is not None and nll_gap <= 1e-12:
                return known.why
        elif known.reproduce:
            again = known.reproduce(*given)
            if np.abs(again - np.asarray(theirs)).max() <= known.tolerance:
                return known.why
    return None
