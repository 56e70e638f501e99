"""How often intervals of weighted rows hold the truth.

``python benchmarks/weights.py`` draws two-class samples whose rows stand for different numbers of
cases (lognormal weights, in some worlds heavier where confidence is higher), and compares with what
four million rows give. The errors of the true calibration are exact but for their bins. In the
world of whole clusters, four rows share a weight. Leaves ``benchmarks/weights.json``.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from crosscal.calibration import evaluate

MANY = 4_000_000
MEASURES = ("accuracy", "nll", "brier", "gap", "ece")


@dataclass(frozen=True, kw_only=True)
class WeightedWorld:
    """Two classes whose confidences are off by a temperature."""

    rows: int
    spread: float  # standard deviation of the logarithm of the weights
    lift: float = 0.0  # of the log-odds of confidence, by that of the weights
    centre: float = 1.5  # of the log-odds
    temperature: float = 1.5  # that would mend the confidences
    cluster: int = 1  # rows that share weight and a part of the log-odds

    def draw(self, rng: np.random.Generator, rows: int) -> tuple[np.ndarray, ...]:
        """Return confidence, its true accuracy, weights, and the cluster of each row."""
        clusters = rows // self.cluster
        normal = np.repeat(rng.normal(size=clusters), self.cluster)
        odds = self.centre + self.lift * normal + 1.2 * rng.normal(size=rows)
        if self.cluster > 1:
            odds += 0.8 * np.repeat(rng.normal(size=clusters), self.cluster)
        confidence = 1 / (1 + np.exp(-np.abs(odds)))
        accuracy = 1 / (1 + np.exp(-np.abs(odds) / self.temperature))
        cluster = np.repeat(np.arange(clusters), self.cluster)
        return confidence, accuracy, np.exp(self.spread * normal), cluster

    def truth(self) -> dict[str, float]:
        """Return what many rows give, without the noise of their outcomes."""
        c, p, weights, _ = self.draw(np.random.default_rng(99), MANY)
        share = weights / weights.sum()
        cells = np.minimum(np.ceil(c * 15).astype(int) - 1, 14)
        return {
            "accuracy": float(share @ p),
            "nll": float(share @ -(p * np.log(c) + (1 - p) * np.log1p(-c))),
            "brier": float(share @ (2 * p * (1 - c) ** 2 + 2 * (1 - p) * c**2)),
            "gap": float(share @ (c - p)),
            "ece": float(np.abs(np.bincount(cells, weights=share * (c - p))).sum()),
        }


WORLDS = {
    "100 rows": WeightedWorld(rows=100, spread=0.5),
    "100 rows, unequal weights": WeightedWorld(rows=100, spread=1.0, lift=0.3),
    "100 rows, accuracy 90 %": WeightedWorld(rows=100, spread=1.0, lift=-0.3, centre=4.0),
    "400 rows, unequal weights": WeightedWorld(rows=400, spread=1.0, lift=0.3),
    "400 rows, calibrated": WeightedWorld(rows=400, spread=1.0, lift=0.3, temperature=1.0),
    "400 rows, very unequal weights": WeightedWorld(rows=400, spread=1.5),
    "400 rows in clusters of four": WeightedWorld(rows=400, spread=1.0, lift=0.3, cluster=4),
}


def simulate(world: WeightedWorld, rounds: int, seed: int) -> dict[str, object]:
    truth = world.truth()
    held = {name: np.zeros(rounds, dtype=bool) for name in MEASURES}
    effective, below = np.zeros(rounds), np.zeros(rounds, dtype=bool)
    for number in range(rounds):
        rng = np.random.default_rng([seed, number])
        confidence, accuracy, weights, cluster = world.draw(rng, world.rows)
        found = evaluate(
            confidence,
            rng.random(world.rows) < accuracy,
            given="confidence",
            clusters=cluster if world.cluster > 1 else None,
            weights=weights,
            errors=("ece",),
            replicates=200,
            seed=number,
        ).groups["all"]
        error = found.errors["ece"]
        ends = {**found.intervals, "ece": (error.low, error.high)}
        for name in MEASURES:
            low, high = ends[name]
            held[name][number] = low - 1e-9 <= truth[name] <= high + 1e-9
        effective[number], below[number] = found.effective, error.p_value < 0.05
    return {
        "world": asdict(world),
        "truth": truth,
        "effective": float(effective.mean()),
        "coverage": {name: float(each.mean()) for name, each in held.items()},
        "ece_called_clear": float(below.mean()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    start, results = time.perf_counter(), {"rounds": options.rounds, "worlds": {}}
    for name, world in WORLDS.items():
        found = simulate(world, options.rounds, options.seed)
        results["worlds"][name] = found
        cells = [f"{100 * found['coverage'][each]:.1f}" for each in MEASURES]
        row = [name, f"{found['effective']:.0f}", *cells, f"{100 * found['ece_called_clear']:.1f}"]
        print("| " + " | ".join(row) + " |", flush=True)
    print(f"{time.perf_counter() - start:.0f} s")
    place = Path(__file__).with_suffix(".json")
    place.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
