"""Which calibration error to trust when? One command: ``python benchmarks/error_simulation.py``.

Models whose true calibration is known (``simulated_worlds.py``) are drawn again and again. For
every error: bias and root mean squared error, against the value at infinite data with the same
bins and against that of the calibration function itself; coverage and width of the interval that
``estimate_errors`` gives; how often its p-value is at most 5 % (size where the model is
calibrated, power elsewhere). Rows are independent, or in threes that share a premise's effect.

Runs in rounds over all scenarios until the time is up, and goes on from what
``--state`` holds: so the number of cases depends on the time given, the numbers of a round do not.
Writes ``benchmarks/error_simulation.json``.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from simulated_worlds import WORLDS, World, binned, simulate, truths

from crosscal.calibration import (
    CLASSWISE,
    ERRORS,
    ClusterResampling,
    cluster_bin_sums,
    estimate_errors,
    make_bins,
    quantile_interval,
    resample_clusters,
    square_ce_debiased,
    top_label,
)
from crosscal.calibration.comparison.brier_split import brier_parts
from crosscal.calibration.comparison.contrasts import Answers
from crosscal.calibration.decomposition.corp import corp_decomposition
from crosscal.calibration.errors.kernel_testing import kernel_test, kernel_test_linear
from crosscal.calibration.errors.sweep import sweep_bins

Floats = NDArray[np.float64]
Case = dict[str, dict[str, float]]

# Cases of each scenario in a round, by number of rows.
ROUND = {200: 8, 750: 8, 2490: 4, 5010: 2}
REPLICATES, RESAMPLES, LEVEL = 300, 99, 0.95
# What takes long is done in every second case, or in every fourth.
SECOND_CASES = ("smooth_ece", "kernel_error")


def one_case(
    world: World, truth: dict[str, tuple[float, float]], n: int, clustered: bool,
    resampling: ClusterResampling, rng: np.random.Generator, *, number: int,
) -> Case:  # fmt: skip
    """Return what is to be averaged, by measure or test."""
    probabilities, gold = simulate(world, n, rng, clustered=clustered)
    cluster = np.arange(n) // 3 if clustered else np.arange(n)
    errors = [name for name in ERRORS if name not in (*SECOND_CASES, *CLASSWISE)]
    errors += SECOND_CASES if number % 2 == 0 else ()
    errors += CLASSWISE if number % 4 == 0 else ()
    found = estimate_errors(
        probabilities, gold, cluster=cluster, resampling=resampling, given="probabilities",
        noise_resamples=RESAMPLES, level=LEVEL, errors=errors,
    )  # fmt: skip
    confidence, correct = top_label(np.log(probabilities), gold)
    outcome = correct.astype(np.float64)
    truth = {**truth, "ece_sweep": (sweep_truth(world, confidence, outcome), truth["ece"][1])}
    case = {
        name: {
            **against(truth[name], each.value, each.interval(LEVEL)),
            **({} if each.null is None else {"rejects": float(each.null.p_value() <= 0.05)}),
            **({} if each.noise_floor is None else {"noise_floor": each.noise_floor}),
        }
        for name, each in found.items()
        if name != "entropy"
    }
    _, part = brier_parts(
        Answers(confidence=confidence, correct=outcome, cluster=cluster), resampling, 15, LEVEL
    )
    case["brier calibration"] = against(
        truth["brier calibration"], part.value, part.interval(LEVEL)
    )
    for name, value in (
        ("square_ce_debiased", square_ce_debiased(confidence, outcome)),
        ("corp brier", corp_decomposition(confidence, outcome).miscalibration),
        ("corp nll", corp_decomposition(confidence, outcome, score="nll").miscalibration),
    ):
        case[name] = against(truth[name], value, None)
    case["ece, percentile"] = percentiles(confidence, outcome, cluster, resampling, truth["ece"])
    tests = {"gap": found["gap"].p_value(), "spiegelhalter z": spiegelhalter(confidence, outcome)}
    given = {"given": "probabilities", "clusters": cluster}
    tests["kernel test, linear"] = kernel_test_linear(probabilities, gold, **given).p_value
    if number % 2 == 0:
        found_test = kernel_test(probabilities, gold, rng=rng, resamples=RESAMPLES, **given)
        tests["kernel test"] = found_test.p_value
    for name, p_value in tests.items():
        case[f"test: {name}"] = {"rejects": float(p_value <= 0.05)}
    return case


def against(
    truth: tuple[float, float], value: float, interval: tuple[float, float] | None
) -> dict[str, float]:
    """Return errors against the binned and the unbinned truth, and whether both are held."""
    found = {}
    for kind, true in zip(("binned", "function"), truth, strict=True):
        found[f"error_{kind}"] = value - true
        found[f"square_{kind}"] = (value - true) ** 2
        if interval is not None:
            found[f"covers_{kind}"] = float(interval[0] - 1e-12 <= true <= interval[1] + 1e-12)
    if interval is not None:
        found["width"] = interval[1] - interval[0]
    return found


def percentiles(
    confidence: Floats, outcome: Floats, cluster: NDArray[np.intp],
    resampling: ClusterResampling, truth: tuple[float, float],
) -> dict[str, float]:  # fmt: skip
    """Return the interval of plain bootstrap percentiles of the ECE, against the truth."""
    weights = resampling.weights
    index = make_bins(confidence).index(confidence)
    rows = weights @ np.bincount(cluster, minlength=weights.shape[1])
    excess = cluster_bin_sums(confidence - outcome, cluster, weights.shape[1], index, 15)
    draws = np.abs(weights @ excess / rows[:, None]).sum(axis=1)
    value = float(np.abs(excess.sum(axis=0)).sum()) / len(outcome)
    return against(truth, value, quantile_interval(draws, draws, LEVEL))


def sweep_truth(world: World, confidence: Floats, outcome: Floats) -> float:
    """Return the error at infinite data with the bins that this sample chose."""
    upper = sweep_bins(confidence, outcome).upper
    return float(np.abs(binned(world.confidence, world.right, upper)[0]).sum())


def spiegelhalter(confidence: Floats, outcome: Floats) -> float:
    """Return the p-value of Spiegelhalter's z (1986), two-sided; rows count as independent."""
    slope = 1 - 2 * confidence
    z = ((outcome - confidence) * slope).sum()
    z /= np.sqrt((slope**2 * confidence * (1 - confidence)).sum())
    return float(2 * ndtr(-abs(z)))


def dependence(rng: np.random.Generator) -> float:
    """Return the intraclass correlation of confidence minus correctness, calibrated world."""
    probabilities, gold = simulate(WORLDS["calibrated"], 300_000, rng, clustered=True)
    confidence, correct = top_label(np.log(probabilities), gold)
    rows = (confidence - correct).reshape(-1, 3)
    within = rows.var(axis=1, ddof=1).mean()
    between = 3 * rows.mean(axis=1).var(ddof=1)
    return float((between - within) / (between + 2 * within))


Totals = dict[str, dict[str, dict[str, list[float]]]]


def run_round(number: int, seed: int, true: dict[str, dict], totals: Totals) -> None:
    """Add one round of cases of every scenario to the totals: sums and counts."""
    for n, cases in ROUND.items():
        for clustered in (False, True):
            rng = np.random.default_rng([seed, number, n, clustered])
            clusters = -(-n // 3) if clustered else n
            entropy = (int(rng.integers(2**31)),)
            resampling = resample_clusters(clusters, REPLICATES, entropy=entropy)
            for name, world in WORLDS.items():
                scenario = f"{name} | {n} | {'clustered' if clustered else 'iid'}"
                for case in range(cases):
                    found = one_case(world, true[name], n, clustered, resampling, rng, number=case)
                    for measure, numbers in found.items():
                        for key, value in numbers.items():
                            sums = totals[scenario][measure].setdefault(key, [0.0, 0])
                            sums[0] += value
                            sums[1] += 1


def summarised(totals: Totals, true: dict[str, dict]) -> list[dict[str, object]]:
    """Turn sums into means and root mean squares."""
    rows = []
    for scenario, measures in totals.items():
        world, n, rows_are = scenario.split(" | ")
        found = {}
        for measure, sums in measures.items():
            mean = {key: total / count for key, (total, count) in sums.items()}
            row: dict[str, object] = {"cases": max(int(count) for _, count in sums.values())}
            if measure in true[world]:
                row["truth_binned"], row["truth_function"] = true[world][measure]
            for kind in ("binned", "function"):
                if f"error_{kind}" in mean:
                    row[f"bias_{kind}"] = mean[f"error_{kind}"]
                    row[f"rmse_{kind}"] = mean[f"square_{kind}"] ** 0.5
            if "error_binned" in mean:
                variance = mean["square_function"] - mean["error_function"] ** 2
                row["sd"] = max(0.0, variance) ** 0.5
            row |= {k: v for k, v in mean.items() if k.split("_")[0] not in ("error", "square")}
            found[measure] = {k: round(v, 5) if isinstance(v, float) else v for k, v in row.items()}
        rows.append({"world": world, "n": int(n), "rows": rows_are, "measures": found})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=24.0)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--state", type=Path, help="goes on from here, and is kept up to date")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    given = parser.parse_args()
    started = time.perf_counter()
    true = {name: truths(world) for name, world in WORLDS.items()}
    totals: Totals = defaultdict(lambda: defaultdict(dict))
    done, spent = 0, 0.0
    if given.state and given.state.exists():
        kept = json.loads(given.state.read_text())
        done, spent = kept["rounds"], kept["seconds"]
        for scenario, measures in kept["totals"].items():
            totals[scenario].update(measures)
    longest = 0.0
    while done < given.rounds:
        begun = time.perf_counter()
        if begun - started + longest > 60 * given.minutes:
            break
        run_round(done, given.seed, true, totals)
        done += 1
        longest = max(longest, time.perf_counter() - begun)
        print(f"round {done}: {time.perf_counter() - begun:.0f} s", flush=True)
        seconds = spent + time.perf_counter() - started
        if given.state:
            state = {"rounds": done, "seconds": seconds, "totals": totals}
            given.state.write_text(json.dumps(state))
        write(given, done, seconds, totals, true)


def write(
    given: argparse.Namespace, done: int, seconds: float, totals: Totals, true: dict[str, dict]
) -> None:
    cases = {str(n): each * done for n, each in ROUND.items()}
    result = {
        "command": f"python benchmarks/error_simulation.py --rounds {done} --seed {given.seed}",
        "level": LEVEL,
        "replicates": REPLICATES,
        "noise_resamples": RESAMPLES,
        "cases_by_rows": cases,
        "of_which": "every second: smooth_ece, kernel_error, kernel test; every fourth: class-wise",
        "standard_error_of_a_coverage_of_95_percent": {
            n: round(float(np.sqrt(LEVEL * (1 - LEVEL) / count)), 4) for n, count in cases.items()
        },
        "intraclass_correlation": round(dependence(np.random.default_rng(given.seed)), 3),
        "seconds": round(seconds),
        "scenarios": summarised(totals, true),
    }
    # One measure a line.
    text = json.dumps(result, indent=1)
    text = re.sub(r"\{[^{}]*\}", lambda m: " ".join(m[0].split()), text)
    given.output.write_text(text + "\n")


if __name__ == "__main__":
    main()
