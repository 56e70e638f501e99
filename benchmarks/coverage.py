"""How often do the intervals contain the truth? One command: ``python benchmarks/coverage.py``.

Simulated studies whose true calibration functions are known: 400 premises of 3 rows, a premise
effect and an item effect shared by languages, recipes and seeds in both confidence and
correctness. The truth of each metric (binned calibration error at infinite data included) is
integrated numerically. Intervals are made by the package's own code. Writes
``benchmarks/coverage.json``: coverage by scenario and metric, the same for other intervals that
were tried for the calibration error, bias of three debiased errors, effects, groups, and seeds.

The interval was chosen among several on worlds of these shapes, under other random seeds; the
scenarios are the ones it was chosen on, the hardest known among them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from crosscal.analysis.measures import Measure, make_resample, mean_measure, measure_run
from crosscal.analysis.seeds import average_seeds
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr, ndtri

from crosscal.calibration import (
    bin_table,
    cluster_bin_sums,
    cluster_weights,
    excess_variance,
    make_bins,
    quantile_interval,
    seed_pivots,
    shrinkage_matrix,
    top_label,
)

Floats = NDArray[np.float64]

ROWS_PER_PREMISE = 3
SPREAD = 1.7  # of the latent confidence
SECOND = 0.6  # share of the remaining probability that the second choice gets
BINS = make_bins([0.5])
METRICS = ("ece", "ece_debiased", "gap", "nll", "accuracy", "brier")
WEIGHTS_FOR = 10  # cases that share one draw of weights, to save time
OTHERS_EVERY = 2  # the intervals and estimators not taken are tried on every second case


@dataclass(frozen=True, kw_only=True)
class World:
    """A model in a language: where its confidence lies and how accurate it then is.

    Confidence is 0.4 + 0.6 expit(z), z normal around `centre`; accuracy at confidence c is
    expit(logit(accuracy(c)) + shift).
    """

    accuracy: Callable[[Floats], Floats]
    centre: float
    shift: float = 0.0

    def right(self, confidence: Floats) -> Floats:
        """Return the true accuracy at a confidence."""
        return np.asarray(expit(logit(self.accuracy(confidence)) + self.shift))

    def truth(self) -> dict[str, float]:
        """Return every metric at infinite data, by integration over the latent confidence."""
        z = np.linspace(-8, 8, 40_001)
        mass = np.exp(-(z**2) / 2)
        mass /= mass.sum()
        c = to_confidence(self.centre + SPREAD * z)
        right = self.right(c)
        p2, p3 = SECOND * (1 - c), (1 - SECOND) * (1 - c)
        wrong_log = SECOND * np.log(p2) + (1 - SECOND) * np.log(p3)
        square = c**2 + p2**2 + p3**2 + 1
        rest = SECOND * p2 + (1 - SECOND) * p3
        excess = np.bincount(BINS.index(c), weights=mass * (c - right), minlength=len(BINS))
        return {
            "ece": float(np.abs(excess).sum()),
            "ece_debiased": float(np.abs(excess).sum()),
            "gap": float(excess.sum()),
            "nll": float(mass @ -(right * np.log(c) + (1 - right) * wrong_log)),
            "accuracy": float(mass @ right),
            "brier": float(mass @ (square - 2 * (right * c + (1 - right) * rest))),
        }


def to_confidence(z: Floats) -> Floats:
    return 0.4 + 0.6 * expit(z)


def recalibrated(a: float, b: float) -> Callable[[Floats], Floats]:
    return lambda c: np.asarray(expit(a + b * logit(c)))


WORLDS = {
    "calibrated": World(accuracy=lambda c: c, centre=2.0),
    "tiny": World(accuracy=recalibrated(0.0, 0.94), centre=1.9),
    "slight": World(accuracy=recalibrated(0.0, 0.87), centre=1.8),
    "crossing": World(accuracy=recalibrated(0.35, 0.75), centre=1.7),
    "moderate": World(accuracy=recalibrated(0.0, 0.6), centre=1.6),
    "large": World(accuracy=recalibrated(-0.3, 0.45), centre=1.2),
    "underconfident": World(accuracy=recalibrated(0.25, 1.2), centre=1.5),
    "constant": World(accuracy=lambda c: c - 0.08, centre=1.5),
    "wavy": World(accuracy=lambda c: np.clip(c + 0.06 * np.sin(14 * c), 0.01, 0.99), centre=1.3),
}
SCENARIOS = [
    ("calibrated", "calibrated"),
    ("calibrated", "tiny"),
    ("calibrated", "slight"),
    ("calibrated", "moderate"),
    ("calibrated", "large"),
    ("calibrated", "wavy"),
    ("slight", "slight"),
    ("slight", "moderate"),
    ("crossing", "moderate"),
    ("crossing", "wavy"),
    ("moderate", "large"),
    ("underconfident", "constant"),
    ("wavy", "large"),
]


def simulate(
    rng: np.random.Generator, worlds: Sequence[World], premises: int
) -> list[tuple[Floats, NDArray[np.int64]]]:
    """Draw scores and gold of several models on the same items, dependent within premises."""
    n = premises * ROWS_PER_PREMISE

    def shared() -> tuple[Floats, Floats]:
        return np.repeat(rng.normal(size=premises), ROWS_PER_PREMISE), rng.normal(size=n)

    (premise_z, item_z), (premise_u, item_u) = shared(), shared()
    gold = np.tile(np.arange(3), premises)
    drawn = []
    for world in worlds:
        z = np.sqrt(0.3) * premise_z + np.sqrt(0.3) * item_z + np.sqrt(0.4) * rng.normal(size=n)
        u = np.sqrt(0.2) * premise_u + np.sqrt(0.3) * item_u + np.sqrt(0.5) * rng.normal(size=n)
        confidence = to_confidence(world.centre + SPREAD * z)
        right = ndtr(u) < world.right(confidence)
        place = np.where(right, 0, np.where(rng.random(n) < SECOND, 1, 2))
        ranked = np.stack(
            [confidence, SECOND * (1 - confidence), (1 - SECOND) * (1 - confidence)], axis=1
        )
        # Turn each row so that the gold choice gets the probability of its rank.
        turned = np.take_along_axis(ranked, (np.arange(3) - gold[:, None] + place[:, None]) % 3, 1)
        drawn.append((np.log(turned), gold))
    return drawn


class Bootstrap:
    """The package's resampling for one design, weights renewed now and then."""

    def __init__(self, premises: int, replicates: int, rng: np.random.Generator) -> None:
        self.premises, self.replicates, self.rng = premises, replicates, rng
        self.cluster = np.repeat(np.arange(premises), ROWS_PER_PREMISE)
        self.uses = 0

    def measure(self, drawn: list[tuple[Floats, NDArray[np.int64]]]) -> list[dict[str, Measure]]:
        """Return the measures of each model, by the package's own code."""
        if self.uses % WEIGHTS_FOR == 0:
            weights = cluster_weights(self.premises, self.replicates, self.rng)
            # Noise floors are not asked about here: one sample keeps their cost down.
            uniforms = self.rng.random((1, len(self.cluster)), dtype=np.float32)
            self.resample = make_resample(weights, self.cluster, uniforms)
        self.uses += 1
        scores = {str(i): s for i, (s, _) in enumerate(drawn)}
        gold = {str(i): g for i, (_, g) in enumerate(drawn)}
        found = measure_run(scores, gold, self.resample, bins=15, level=0.95)
        return list(found.values())

    def noise(self, scores: Floats, gold: NDArray[np.int64]) -> tuple[Floats, ...]:
        """Return what the other intervals need: excess, noise, jackknife, shrunken excess."""
        confidence, correct = top_label(scores, gold)
        outcome, n, size = correct.astype(np.float64), len(gold), len(BINS)
        table = bin_table(confidence, outcome, BINS)
        index = BINS.index(confidence)
        sums = cluster_bin_sums(confidence - outcome, self.cluster, self.premises, index, size)
        noise = self.resample.weights @ sums / self.resample.rows[:, None] - table.excess
        without = (sums.sum(axis=0) - sums) / (n - ROWS_PER_PREMISE)
        variance = excess_variance(confidence, outcome, BINS, self.cluster, self.premises)
        shrinkage = shrinkage_matrix(table.excess, variance, table.mean_confidence, table.share)
        return table.excess, noise, without, shrinkage @ table.excess


def total(excess: Floats) -> Floats:
    return np.asarray(np.abs(excess).sum(axis=-1))


def other_intervals(english: tuple[Floats, ...], other: tuple[Floats, ...]) -> dict[str, Floats]:
    """Return intervals of the degradation that were tried and not taken."""

    def difference(of: Callable[[tuple[Floats, ...]], Floats]) -> Floats:
        return np.asarray(of(other) - of(english))

    value = difference(lambda w: total(w[0]))
    replicates = difference(lambda w: total(w[0] + w[1]))
    centred = difference(lambda w: total(w[3] + w[1]) - total(w[3]))
    jackknife = difference(lambda w: total(w[2]))
    ends = np.array([0.025, 0.975])
    percentile = np.quantile(replicates, ends)
    share = np.clip((replicates < value).mean(), 1e-3, 1 - 1e-3)
    bias = ndtri(share) + ndtri(ends)
    lever = jackknife.mean() - jackknife
    skew = (lever**3).sum() / (6 * (lever**2).sum() ** 1.5)
    return {
        "percentile": percentile,
        "basic": 2 * value - percentile[::-1],
        "bca": np.quantile(replicates, ndtr(ndtri(share) + bias / (1 - skew * bias))),
        "basic, centred on shrunken bins": value - np.quantile(centred, ends[::-1]),
    }


def holds(interval: Sequence[float] | Floats, truth: float) -> bool:
    return bool(interval[0] <= truth <= interval[1])


def degradation(
    names: tuple[str, str], cases: int, boot: Bootstrap, rng: np.random.Generator
) -> dict[str, object]:
    """Coverage of one language minus English, by metric and by kind of interval."""
    worlds = [WORLDS[name] for name in names]
    truths = [world.truth() for world in worlds]
    hit: dict[str, list[bool]] = {}
    width: list[float] = []
    rejected, bias = [], []
    for case in range(cases):
        drawn = simulate(rng, worlds, boot.premises)
        english, other = boot.measure(drawn)
        for metric in METRICS:
            truth = truths[1][metric] - truths[0][metric]
            measure = other[metric] - english[metric]
            interval = quantile_interval(measure.low, measure.high)
            hit.setdefault(metric, []).append(holds(interval, truth))
        ece = other["ece"] - english["ece"]
        low, high = quantile_interval(ece.low, ece.high)
        width.append(high - low)
        level = quantile_interval(other["ece"].low, other["ece"].high)
        hit.setdefault("level of ece", []).append(holds(level, truths[1]["ece"]))
        null = other["ece"].null
        rejected.append(null is not None and (null >= other["ece"].value).mean() < 0.05)
        if case % OTHERS_EVERY:
            continue
        pieces = [boot.noise(*each) for each in drawn]
        truth = truths[1]["ece"] - truths[0]["ece"]
        for name, interval in other_intervals(*pieces).items():
            hit.setdefault(f"ece, {name}", []).append(holds(interval, truth))
        plug_in, floor = other["ece"].value, float(total(pieces[1][1]).mean())
        doubled = 2 * plug_in - float(total(pieces[1][0] + pieces[1][1]).mean())
        estimates = [plug_in, other["ece_debiased"].value, max(0, plug_in - floor), doubled]
        bias.append([estimate - truths[1]["ece"] for estimate in estimates])
    kinds = ("plug-in", "ece_debiased", "less noise floor", "less bootstrap bias")
    return {
        "english": names[0],
        "language": names[1],
        "true_ece": [round(truth["ece"], 4) for truth in truths],
        "coverage": {m: share_of(hit[m]) for m in (*METRICS, "level of ece")},
        "coverage_of_other_intervals": {m: share_of(hit[m]) for m in hit if m.startswith("ece,")},
        "mean_width_ece": round(float(np.mean(width)), 4),
        "rejects_calibration_at_5_percent": share_of(rejected),
        "bias_of_ece_in_language": {
            kind: round(float(b), 4) for kind, b in zip(kinds, np.mean(bias, axis=0), strict=True)
        },
    }


def share_of(hits: Sequence[bool]) -> float:
    return round(float(np.mean(hits)), 3)


def combinations(cases: int, boot: Bootstrap, rng: np.random.Generator) -> dict[str, object]:
    """Coverage of a recipe's effect, and of the degradation of a group of four languages."""
    names = ["slight", "moderate", "crossing", "large"]  # English, language; twice
    group = ["slight", "moderate", "crossing", "large", "constant"]
    truths = {name: WORLDS[name].truth() for name in {*names, *group}}
    hit: dict[str, list[bool]] = {}
    for _ in range(cases):
        en, other, en2, other2 = boot.measure(
            simulate(rng, [WORLDS[n] for n in names], boot.premises)
        )
        english, *others = boot.measure(simulate(rng, [WORLDS[n] for n in group], boot.premises))
        for m in METRICS:
            t = [truths[n][m] for n in names]
            effect = (other2[m] - en2[m]) - (other[m] - en[m])
            truth = (t[3] - t[2]) - (t[1] - t[0])
            hit.setdefault(f"effect {m}", []).append(
                holds(quantile_interval(effect.low, effect.high), truth)
            )
            mean = mean_measure([each[m] for each in others]) - english[m]
            truth = float(np.mean([truths[n][m] for n in group[1:]])) - truths[group[0]][m]
            hit.setdefault(f"group {m}", []).append(
                holds(quantile_interval(mean.low, mean.high), truth)
            )
    return {name: share_of(hits) for name, hits in hit.items()}


def seeds(
    count: int, spread: float, cases: int, boot: Bootstrap, rng: np.random.Generator
) -> dict[str, object]:
    """Coverage of the recipe's degradation when each seed's model has another accuracy."""
    pair = [WORLDS["slight"], WORLDS["moderate"]]
    nodes = spread * ndtri((np.arange(41) + 0.5) / 41) if spread else np.zeros(1)
    means = [
        {m: float(np.mean([t[m] for t in many])) for m in METRICS}
        for many in ([shifted(world, s).truth() for s in nodes] for world in pair)
    ]
    hit: dict[str, list[bool]] = {}
    for _ in range(cases):
        worlds = [shifted(world, s) for s in rng.normal(size=count) * spread for world in pair[:1]]
        worlds += [shifted(pair[1], s) for s in rng.normal(size=count) * spread]
        found = boot.measure(simulate(rng, worlds, boot.premises))
        pivots = seed_pivots(count, boot.replicates, rng)
        for m in METRICS:
            each = [found[count + s][m] - found[s][m] for s in range(count)]
            average = average_seeds(each, pivots)
            truth = means[1][m] - means[0][m]
            hit.setdefault(m, []).append(holds(quantile_interval(average.low, average.high), truth))
    return {
        "seeds": count,
        "sd_between_seeds": spread,
        "coverage": {m: share_of(hits) for m, hits in hit.items()},
    }


def shifted(world: World, shift: float) -> World:
    return World(accuracy=world.accuracy, centre=world.centre, shift=float(shift))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--premises", type=int, default=400)
    parser.add_argument("--replicates", type=int, default=600)
    parser.add_argument("--seed", type=int, default=20251)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    given = parser.parse_args()
    started = time.perf_counter()
    rng = np.random.default_rng(given.seed)
    boot = Bootstrap(given.premises, given.replicates, rng)
    result: dict[str, object] = {
        "command": f"python benchmarks/coverage.py --cases {given.cases} --premises "
        f"{given.premises} --replicates {given.replicates} --seed {given.seed}",
        "level": 0.95,
        "standard_error_of_a_coverage": round(float(np.sqrt(0.95 * 0.05 / given.cases)), 4),
    }
    result["degradation"] = scenarios = []
    for names in SCENARIOS:
        scenarios.append(degradation(names, given.cases, boot, rng))
        print(json.dumps(scenarios[-1]), flush=True)
    result["effects_and_groups"] = combinations(given.cases, boot, rng)
    print(json.dumps(result["effects_and_groups"]), flush=True)
    result["seeds"] = rows = []
    for count, spread in ((2, 0.0), (1, 0.15), (2, 0.15), (3, 0.15), (5, 0.15), (10, 0.15)):
        rows.append(seeds(count, spread, given.cases, boot, rng))
        print(json.dumps(rows[-1]), flush=True)
    result["seconds"] = round(time.perf_counter() - started)
    given.output.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
