"""Do intervals over seeds hold the mean of all trainings? ``python benchmarks/seed_intervals.py``.

The measure of seed s is ``training_s + items + own items_s``, all normal: what trainings differ
by has variance tau^2; what the test items add has variance 1, of which `common` hits all seeds
alike, and is known from the bootstrap. Compares, for 2 to 10 seeds: seeds resampled with
replacement, the t distribution with Satterthwaite's degrees of freedom, and drawn variances
(`seed_shifts`, as `crosscal.analysis` does). Writes ``benchmarks/seed_intervals.json``: coverage
of the mean over all trainings, and mean width over that of an interval that knows every variance.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from crosscal.calibration.statistics.seed_spread import seed_pivots, seed_shifts
from numpy.typing import NDArray
from scipy.stats import norm, t

Floats = NDArray[np.float64]
REPLICATES = 1000


def seed_deviations(seeds: int, replicates: int, rng: np.random.Generator) -> Floats:
    """Draw seeds with replacement, rescaled so that the variance of their mean is unbiased."""
    counts = rng.multinomial(seeds, np.full(seeds, 1.0 / seeds), size=replicates)
    return np.asarray((counts / seeds - 1.0 / seeds) * np.sqrt(seeds / (seeds - 1.0)))


def resampled(values: Floats, own: float, deviations: Floats) -> Floats:
    """Return the draws of resampled seeds, less those of the items."""
    spread = float(values.var(ddof=1))
    return values.mean() + np.sqrt(max(0.0, 1 - own / spread)) * (deviations @ values)


def satterthwaite(values: Floats, common: float, own: float) -> Floats:
    """Return a t interval; the variance between seeds is at least what the items explain."""
    seeds = len(values)
    between = max(float(values.var(ddof=1)), own) / seeds
    freedom = (between + common) ** 2 / (between**2 / (seeds - 1))
    reach = t.ppf(0.975, freedom) * np.sqrt(between + common)
    return values.mean() + np.array([-reach, reach])


def scenario(
    seeds: int, tau: float, common: float, cases: int, rng: np.random.Generator
) -> dict[str, object]:
    """Return coverage and relative width of the three."""
    own = 1 - common
    sampling = np.sqrt(common + own / seeds)
    noise = sampling * rng.normal(size=REPLICATES)
    deviations = seed_deviations(seeds, REPLICATES, rng)
    pivots = seed_pivots(seeds, REPLICATES, rng)
    ideal = 2 * norm.ppf(0.975) * np.sqrt(common + own / seeds + tau**2 / seeds)
    values = tau * rng.normal(size=(cases, seeds)) + np.sqrt(common) * rng.normal(size=(cases, 1))
    values = values + np.sqrt(own) * rng.normal(size=(cases, seeds))
    draws = {
        "resampled": [resampled(each, own, deviations) for each in values],
        "drawn": [each.mean() + seed_shifts(each, own, pivots) for each in values],
    }
    found = {
        name: np.quantile(np.array(each) + noise, [0.025, 0.975], axis=1).T
        for name, each in draws.items()
    }
    found["satterthwaite"] = np.array([satterthwaite(each, common, own) for each in values])
    return {
        "seeds": seeds,
        "tau": tau,
        "common": common,
        "coverage": {
            name: round(float(((e[:, 0] <= 0) & (e[:, 1] >= 0)).mean()), 3)
            for name, e in found.items()
        },
        "median_width": {
            name: round(float(np.median(e[:, 1] - e[:, 0]) / ideal), 2) for name, e in found.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    given = parser.parse_args()
    started = time.perf_counter()
    rng = np.random.default_rng(given.seed)
    rows = [
        scenario(seeds, tau, common, given.cases, rng)
        for seeds in (2, 3, 5, 10)
        for common in (0.1, 0.5, 0.9)
        for tau in (0.0, 0.5, 1.0, 2.0, 4.0)
    ]
    result = {
        "command": f"python benchmarks/seed_intervals.py --cases {given.cases} --seed {given.seed}",
        "level": 0.95,
        "standard_error_of_a_coverage": round(float(np.sqrt(0.95 * 0.05 / given.cases)), 4),
        "seconds": round(time.perf_counter() - started),
        "rows": rows,
    }
    given.output.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
