"""Record what other libraries compute on the cases, once, as golden numbers.

Run in an environment of its own with the libraries (any may be missing; what was recorded of a
missing one is kept):

    pip install torch uncertainty-calibration netcal torchmetrics relplot pycalib scikit-learn \
        probmetrics betacal venn-abers model-diagnostics dirichletcal
    python benchmarks/agreement/record.py

Writes ``reference.json`` beside this file: library -> version, metrics[case][name] -> number or
error, recalibrated[case][name] -> probabilities of a few rows, nll_where_fitted[case][name].
"""

from __future__ import annotations

import argparse
import json
import warnings
from importlib import import_module, metadata
from pathlib import Path

import numpy as np
from cases import CASES, FITTED, halves, safe_log

OUT = Path(__file__).with_name("reference.json")


def top(probabilities, gold):
    return probabilities.max(axis=1), (probabilities.argmax(axis=1) == gold).astype(int)


def uncertainty_calibration():
    lib = import_module("calibration")
    bins = lib.utils.get_equal_prob_bins, lib.utils.get_equal_bins

    def error(p, norm, scheme, debias=False):
        return lambda q, y: lib.utils.lower_bound_scaling_ce(
            q, y, p=norm, debias=debias, num_bins=15, binning_scheme=bins[scheme], mode=p
        )

    def binning(kind):
        def run(p, y, new):
            fitted = getattr(lib, kind)(len(p), num_bins=10)
            fitted.train_calibration(p, y)
            return np.asarray(fitted.calibrate(new))

        return run

    metrics = {
        "ece": error("top-label", 1, 0),
        "ece_mass": error("top-label", 1, 1),
        "rmsce": error("top-label", 2, 0),
        "rmsce_mass": error("top-label", 2, 1),
        "rmsce_mass_debiased": error("top-label", 2, 1, debias=True),
        "classwise_ece": error("marginal", 1, 0),
        "classwise_ece_mass": error("marginal", 1, 1),
        "ece_of_class_1": lambda p, y: lib.get_ece(p[:, 1], (y == 1).astype(int)),
    }
    fits = {
        "histogram, chosen label, 10 bins of equal mass": binning("HistogramTopCalibrator"),
        "scaling-binning, chosen label, 10 bins": binning("PlattBinnerTopCalibrator"),
        "histogram, each class, 10 bins of equal mass": binning("HistogramMarginalCalibrator"),
        "scaling-binning, each class, 10 bins": binning("PlattBinnerMarginalCalibrator"),
    }
    return metrics, fits


def netcal():
    lib = import_module("netcal.metrics")
    binning = import_module("netcal.binning")
    scaling = import_module("netcal.scaling")

    def temperature(p, y, new):
        fitted = scaling.TemperatureScaling()
        fitted.fit(p, y)
        out = fitted.transform(new)
        return np.column_stack([1 - out, out]) if out.ndim == 1 else out

    def each_class(kind, **settings):
        def run(p, y, new):
            fitted = getattr(binning, kind)(**settings)
            fitted.fit(p, y)
            return fitted.transform(new)

        return run

    metrics = {
        "ece": lambda p, y: lib.ECE(15).measure(p, y),
        "ece_10": lambda p, y: lib.ECE(10).measure(p, y),
        "mce": lambda p, y: lib.MCE(15).measure(p, y),
        "mean_error_of_bins": lambda p, y: lib.ACE(15).measure(p, y),
    }
    fits = {
        "temperature": temperature,
        "isotonic": each_class("IsotonicRegression"),
        "histogram, each class, 10 bins of equal width": each_class("HistogramBinning", bins=10),
    }
    return metrics, fits


def torchmetrics():
    lib = import_module("torchmetrics.functional.classification")
    torch = import_module("torch")

    def error(norm):
        def run(p, y):
            return lib.multiclass_calibration_error(
                torch.tensor(p), torch.tensor(y), num_classes=p.shape[1], n_bins=15, norm=norm
            ).item()

        return run

    def of_class_1(p, y):
        one = torch.tensor(p[:, 1]), torch.tensor((y == 1).astype(int))
        return lib.binary_calibration_error(*one, n_bins=15, norm="l1").item()

    metrics = {"ece": error("l1"), "rmsce": error("l2"), "mce": error("max")}
    return metrics | {"ece_of_class_1": of_class_1}, {}


def relplot():
    lib = import_module("relplot")
    metrics = {
        "smooth_ece": lambda p, y: lib.smECE(*top(p, y)),
        "ece_10": lambda p, y: lib.metrics.binnedECE(*top(p, y), nbins=10),
    }
    return metrics, {}


def pycalib():
    lib = import_module("pycalib.metrics")
    one_hot = lambda p, y: np.eye(p.shape[1])[y]  # noqa: E731
    metrics = {
        "ece": lambda p, y: lib.conf_ECE(y, p, bins=15),
        "mce": lambda p, y: lib.conf_MCE(y, p, bins=15),
        "classwise_ece": lambda p, y: lib.classwise_ECE(one_hot(p, y), p, bins=15),
        "ece_of_class_1": lambda p, y: lib.binary_ECE((y == 1).astype(float), p[:, 1], bins=15),
        "brier_over_classes": lambda p, y: lib.brier_score(one_hot(p, y), p),
        "nll": lambda p, y: lib.cross_entropy(one_hot(p, y), p),
    }
    return metrics, {}


def scikit_learn():
    lib = import_module("sklearn.metrics")
    isotonic = import_module("sklearn.isotonic").IsotonicRegression
    base = import_module("sklearn.base")
    model = import_module("sklearn.calibration").CalibratedClassifierCV
    frozen = import_module("sklearn.frozen").FrozenEstimator

    class Given(base.ClassifierMixin, base.BaseEstimator):
        """A classifier whose input is its decision."""

        def fit(self, x, y):
            self.classes_ = np.unique(y)
            return self

        def decision_function(self, x):
            return x[:, 1] - x[:, 0] if x.shape[1] == 2 else x

        def predict(self, x):
            return x.argmax(axis=1)

    def calibrated(method):
        def run(p, y, new):
            given = frozen(Given().fit(safe_log(p), y))
            fitted = model(given, method=method).fit(safe_log(p), y)
            return fitted.predict_proba(safe_log(new))

        return run

    def each_class(p, y, new):
        out = np.column_stack(
            [
                isotonic(out_of_bounds="clip", y_min=0, y_max=1)
                .fit(p[:, c], y == c)
                .predict(new[:, c])
                for c in range(p.shape[1])
            ]
        )
        return out / out.sum(axis=1, keepdims=True)

    labels = lambda p: list(range(p.shape[1]))  # noqa: E731
    metrics = {
        "nll": lambda p, y: lib.log_loss(y, p, labels=labels(p)),
        "brier": lambda p, y: lib.brier_score_loss(y, p, labels=labels(p), scale_by_half=False),
        "auroc": lambda p, y: lib.roc_auc_score(*top(p, y)[::-1]),
    }
    return metrics, {"temperature": calibrated("temperature"), "isotonic": each_class}


def probmetrics():
    lib = import_module("probmetrics.calibrators")

    def run(make):
        def fit(p, y, new):
            return np.asarray(make().fit(p, y).predict_proba(new))

        return fit

    fits = {
        "temperature": run(lib.TemperatureScalingCalibrator),
        "temperature, as Guo et al. optimise": run(lib.GuoTemperatureScalingCalibrator),
        "temperature, as AutoGluon does": run(lib.AutoGluonTemperatureScalingCalibrator),
        "vector": run(lib.VectorScalingCalibrator),
        "matrix": run(lib.MatrixScalingCalibrator),
        "ensemble-temperature, NLL": run(lambda: lib.ETSCalibrator(loss="ce")),
        "ensemble-temperature, squared": run(lambda: lib.ETSCalibrator(loss="mse")),
    }
    return {}, fits


def betacal():
    lib = import_module("betacal")

    def fit(p, y, new):
        one = lib.BetaCalibration("abm").fit(p[:, 1], y).predict(new[:, 1])
        return np.column_stack([1 - one, one])

    return {}, {"beta": fit}


def venn_abers():
    lib = import_module("venn_abers")

    def binary(p, y, new):
        fitted = lib.VennAbers()
        fitted.fit(p, y)
        return fitted.predict_proba(new)[0]

    def several(p, y, new):
        return lib.VennAbersCalibrator().predict_proba(
            p_cal=p, y_cal=y, p_test=new, p0_p1_output=False, va_type="one_vs_all"
        )

    return {}, {"venn-abers": binary, "venn-abers, one class against the rest": several}


def dirichletcal():
    multinomial = import_module("dirichletcal.calib.multinomial").MultinomialRegression
    full = import_module("dirichletcal.calib.fulldirichlet").FullDirichletCalibrator

    def each_row(p, y, new):
        k = p.shape[1]
        penalty = {"reg_lambda": 0.01 / (k * (k - 1)), "reg_mu": 0.01 / k}
        fitted = multinomial(method="Full", ref_row=False, **penalty).fit(safe_log(p), y)
        return np.asarray(fitted.predict_proba(safe_log(new)))

    def as_shipped(p, y, new):
        fitted = full(reg_lambda=0.01, reg_mu=0.01, reg_norm=True).fit(p, y)
        return np.asarray(fitted.predict_proba(new))

    return {}, {"dirichlet": each_row, "dirichlet, default settings": as_shipped}


def model_diagnostics():
    lib = import_module("model_diagnostics.scoring")

    def part(score, name):
        def run(p, y):
            confidence, correct = top(p, y)
            table = lib.decompose(correct, confidence, scoring_function=score)
            return float(table[name].to_list()[0])

        return run

    brier, log = lib.SquaredError(), lib.LogLoss()
    metrics = {
        f"corp_{kind}_{name}": part(score, name)
        for kind, score in (("brier", brier), ("log", log))
        for name in ("miscalibration", "discrimination", "uncertainty")
    }
    return metrics, {}


LIBRARIES = {
    "uncertainty-calibration": uncertainty_calibration,
    "netcal": netcal,
    "torchmetrics": torchmetrics,
    "relplot": relplot,
    "pycalib": pycalib,
    "scikit-learn": scikit_learn,
    "probmetrics": probmetrics,
    "betacal": betacal,
    "venn-abers": venn_abers,
    "model-diagnostics": model_diagnostics,
    "dirichletcal": dirichletcal,
}


# What these libraries have for two classes only.
TWO_CLASSES = ("beta", "venn-abers")


def number(call, *arguments):
    """Return the result as plain numbers, or the error as text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = np.asarray(call(*arguments), dtype=np.float64)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}".splitlines()[0][:160]}
    if not np.isfinite(found).all():
        return {"error": f"not finite: {found.ravel()[~np.isfinite(found.ravel())][0]}"}
    return found.tolist()


def record(name):
    metrics, fits = LIBRARIES[name]()
    fitted = {
        case: {
            kind: call
            for kind, call in fits.items()
            if kind not in TWO_CLASSES or halves(case)[0].shape[1] == 2
        }
        for case in (FITTED if fits else ())
    }
    return {
        "version": metadata.version(name),
        "metrics": {
            case: {metric: number(call, *make()) for metric, call in metrics.items()}
            for case, make in CASES.items()
        }
        if metrics
        else {},
        "recalibrated": {
            case: {kind: number(call, *halves(case)) for kind, call in here.items()}
            for case, here in fitted.items()
        },
        "nll_where_fitted": {
            case: {kind: number(where_fitted, call, *halves(case)) for kind, call in here.items()}
            for case, here in fitted.items()
        },
    }


def where_fitted(call, p, y, new):
    """Return the mean NLL on the rows that were fitted on; NaN where only the top is known."""
    out = call(p, y, p)
    if out.ndim == 2:
        out = out / out.sum(axis=1, keepdims=True)  # not all sum to one in the last digits
    return -np.mean(np.log(out[np.arange(len(y)), y])) if out.ndim == 2 else np.nan


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=sorted(LIBRARIES), action="append")
    wanted = parser.parse_args().only or LIBRARIES
    document = json.loads(OUT.read_text()) if OUT.exists() else {}
    for name in wanted:
        try:
            document[name] = record(name)
            print("recorded", name, document[name]["version"], flush=True)
        except ImportError as error:
            print("missing ", name, f"({error})", flush=True)
    OUT.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
