"""How often do intervals hold the truth? ``python benchmarks/coverage.py PART``, in three parts.

``items``
    Levels, degradations, effects and the degradation of a group of two languages, for simulated
    recipes and languages whose truth is integrated numerically: independent items and items in
    clusters of three, 25 to 5,010 of them, accuracies of 35 to 99 %.
``seeds``
    The crossed model of seeds, on normal contrasts: effects and degradations of 2 to 10 recipes
    with 2 to 10 seeds, equal and unequal variances, with the width of the intervals over that of
    intervals which know every variance.
``temperature``
    After a temperature fitted on 168 or 2,490 English rows, refitted in every replicate and taken
    as given.

Intervals are made by the package's own engine. Every part leaves ``benchmarks/coverage_PART.json``,
scenario by scenario, and goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from coverage_worlds import POINTS, SECOND, STUDIES, WORLDS, World, simulate, truths
from numpy.typing import NDArray
from scipy.special import ndtri

from crosscal.calibration import (
    ClusterResampling,
    CrossedSeeds,
    Measurement,
    TemperatureScaling,
    mean_measurement,
    resample_clusters,
    seed_pivots,
)
from crosscal.calibration.estimation.engine import measure_samples
from crosscal.calibration.estimation.samples import (
    EvaluationSettings,
    SampleSet,
    TemperatureDraws,
)
from crosscal.calibration.estimation.temperature_draws import temperature_offsets

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ERRORS = ("ece", "ece_debiased", "ece_mass", "smooth_ece")
METRICS = ("accuracy", "nll", "brier", "gap", *ERRORS)
REPLICATES = 600
WEIGHTS_FOR = 10  # cases that share one draw of clusters, to save time


def share(hits: Sequence[bool]) -> float:
    return round(float(np.mean(hits)), 3)


def holds(measurement: Measurement, truth: float) -> bool:
    low, high = measurement.interval(0.95)
    return bool(low - 1e-12 <= truth <= high + 1e-12)


def item_scenario(
    study: str, n: int, size: int, cases: int, rng: np.random.Generator
) -> dict[str, object]:
    """Coverage of one study's numbers."""
    worlds = [WORLDS[name] for name in STUDIES[study]]
    settings = EvaluationSettings(given="probabilities", errors=ERRORS, calibrated_samples=1)
    unit, hits = np.arange(n) // size, {}
    resampling: ClusterResampling | None = None
    for case in range(cases):
        if case % WEIGHTS_FOR == 0:
            entropy = (int(rng.integers(2**31)),)
            resampling = resample_clusters(int(unit[-1]) + 1, REPLICATES, entropy=entropy)
        assert resampling is not None
        samples = [
            SampleSet(values=p, gold=g, unit=unit, name=f"language {i % 3}", number=i // 3)
            for i, (p, g) in enumerate(simulate(worlds, n, size, rng))
        ]
        found = measure_samples(samples, resampling, settings)
        for metric in METRICS:
            m = [each[metric] for each in found]
            t = [world.truth[metric] for world in worlds]
            group, true_group = mean_measurement(m[1:3]) - m[0], np.mean(t[1:3]) - t[0]
            for what, one, truth in (
                ("level", m[0], t[0]),
                ("level", m[1], t[1]),
                ("level", m[5], t[5]),
                ("degradation", m[1] - m[0], t[1] - t[0]),
                ("effect", (m[4] - m[3]) - (m[1] - m[0]), (t[4] - t[3]) - (t[1] - t[0])),
                ("group", group, true_group),
            ):
                hits.setdefault(what, {}).setdefault(metric, []).append(holds(one, float(truth)))
    return {
        "study": study,
        "n": n,
        "clusters_of": size,
        "cases": cases,
        "coverage": {
            what: {metric: share(each) for metric, each in of.items()} for what, of in hits.items()
        },
    }


def item_scenarios(cases: int, rng: np.random.Generator) -> Iterator[tuple[str, Callable]]:
    for n in (25, 100, 240, 1_002, 5_010):
        for size in (1, 3):
            for study in STUDIES:
                yield (
                    f"{study}, n {n}, clusters of {size}",
                    lambda s=study, n=n, k=size: item_scenario(s, n, k, cases, rng),
                )


def seed_scenario(
    recipes: int,
    seeds: int,
    spread: float,
    crossed: float,
    unstable: float,
    cases: int,
    rng: np.random.Generator,
) -> dict[str, object]:
    """Coverage and width of an effect and a degradation; items add a variance of 1.

    Trainings add ``spread^2``, of which a share is common to the recipes; the last recipe's own
    part has `unstable` times the standard deviation.
    """
    recipe, seed = np.repeat(np.arange(recipes), seeds), np.tile(np.arange(seeds), recipes)
    n = recipes * seeds
    cov = 0.5 + 0.5 * np.eye(n)
    root = np.linalg.cholesky(cov)
    items = root @ rng.normal(size=(n, 1000))
    model = CrossedSeeds(recipe, seed, seed_pivots(1000, rng))
    own = spread * np.sqrt(1 - crossed) * np.where(recipe == recipes - 1, unstable, 1.0)
    common = spread * np.sqrt(crossed)
    mine, base = recipe == recipes - 1, recipe == 0
    weights = mine / seeds - base / seeds
    known = [
        np.sqrt(weights @ cov @ weights + (weights**2) @ own**2),
        np.sqrt(mine @ cov @ mine / seeds**2 + (own[mine] ** 2).mean() / seeds + common**2 / seeds),
    ]
    hits, widths = ([], []), ([], [])
    for _ in range(cases):
        values = root @ rng.normal(size=n) + own * rng.normal(size=n)
        values = values + common * rng.normal(size=seeds)[seed]
        table = model.contrast(values, cov)
        for k, (contrast, spread_drawn) in enumerate(
            (
                (weights, table.effect(recipes - 1, 0)),
                (mine / seeds, table.level(recipes - 1)),
            )
        ):
            drawn = contrast @ values + contrast @ items
            drawn = drawn + spread_drawn.scale * model.pivots.normal
            low, high = np.quantile(drawn, [0.025, 0.975])
            hits[k].append(bool(low <= 0 <= high))
            widths[k].append((high - low) / (2 * 1.959964 * known[k]))
    return {
        "recipes": recipes,
        "seeds": seeds,
        "spread_over_items": spread,
        "share_crossed": crossed,
        "unstable": unstable,
        "cases": cases,
        "coverage": {"effect": share(hits[0]), "degradation": share(hits[1])},
        "median_width": {
            name: round(float(np.median(widths[k])), 2)
            for k, name in enumerate(("effect", "degradation"))
        },
    }


def seed_scenarios(cases: int, rng: np.random.Generator) -> Iterator[tuple[str, Callable]]:
    for recipes in (2, 3, 5, 10):
        for seeds in (2, 3, 5, 10):
            for spread in (0.0, 1.0, 2.0, 4.0, 8.0):
                for crossed in (0.0, 0.5, 0.9):
                    for unstable in (1.0,) if spread != 2.0 or crossed else (1.0, 3.0):
                        yield (
                            f"{recipes} recipes, {seeds} seeds, spread {spread:g}, "
                            f"crossed {crossed:g}, unstable {unstable:g}",
                            lambda a=(recipes, seeds, spread, crossed, unstable): seed_scenario(
                                *a, cases, rng
                            ),
                        )


def temperature_scenario(dev: int, cases: int, rng: np.random.Generator) -> dict[str, object]:
    """Coverage after a temperature that was fitted on so many English rows."""
    n, size = 1_002, 3
    worlds = [WORLDS["78 %, overconfident"], WORLDS["74 %, crossing"]]
    best, truth = _scaled_truths(worlds)
    unit, dev_unit = np.arange(n) // size, np.arange(dev) // size
    settings = EvaluationSettings(errors=ERRORS, calibrated_samples=1)
    hits: dict[str, dict[str, list[bool]]] = {}
    for _ in range(cases):
        scores, gold = simulate(worlds[:1], dev, size, rng)[0]
        fitted = TemperatureScaling().fit(np.log(scores), gold).temperature_
        entropy = int(rng.integers(2**31))
        of_dev = resample_clusters(int(dev_unit[-1]) + 1, REPLICATES, entropy=(entropy, 1))
        offsets = temperature_offsets(np.log(scores), gold, dev_unit, fitted, of_dev)
        resampling = resample_clusters(int(unit[-1]) + 1, REPLICATES, entropy=(entropy, 0))
        drawn = [(np.log(p), g) for p, g in simulate(worlds, n, size, rng)]
        for kind in ("refitted", "taken as given"):
            samples = [
                SampleSet(
                    values=s / fitted,
                    gold=g,
                    unit=unit,
                    name=str(i),
                    temperature=None
                    if kind == "taken as given"
                    else TemperatureDraws(
                        offsets=offsets, values_at=lambda at, s=s, t=fitted: s / (t * np.exp(at))
                    ),
                )
                for i, (s, g) in enumerate(drawn)
            ]
            english, other = measure_samples(samples, resampling, settings)
            for metric in METRICS:
                t = [each[metric] for each in truth]
                of_kind = hits.setdefault(kind, {})
                for what, one, true in (
                    ("level", english[metric], t[0]),
                    ("degradation", other[metric] - english[metric], t[1] - t[0]),
                ):
                    of_kind.setdefault(f"{what} {metric}", []).append(holds(one, true))
    return {
        "development_rows": dev,
        "test_rows": n,
        "true_temperature": round(best, 4),
        "cases": cases,
        "coverage": {k: {m: share(h) for m, h in of.items()} for k, of in hits.items()},
    }


def _scaled_truths(worlds: Sequence[World]) -> tuple[float, list[dict[str, float]]]:
    """Return the best English temperature at infinite data, and the truths under it."""
    z = ndtri((np.arange(POINTS) + 0.5) / POINTS)

    def scaled(c: Floats, t: float) -> Floats:
        powers = np.stack([c, SECOND * (1 - c), (1 - SECOND) * (1 - c)]) ** (1 / t)
        return np.asarray(powers / powers.sum(axis=0))

    c, a = worlds[0].confidence(z), worlds[0].accuracy(worlds[0].confidence(z))

    def loss(t: float) -> float:
        p = np.log(scaled(c, t))
        wrong = SECOND * p[1] + (1 - SECOND) * p[2]
        return float(-(a * p[0] + (1 - a) * wrong).mean())

    grid = np.exp(np.linspace(-0.5, 1.5, 4001))
    best = float(grid[np.argmin([loss(t) for t in grid[::40]]) * 40])
    near = grid[(grid > best * 0.97) & (grid < best * 1.03)]
    best = float(near[np.argmin([loss(t) for t in near])])
    truth = []
    for world in worlds:
        confidence = world.confidence(z)
        accuracy = world.accuracy(confidence)
        p = scaled(confidence, best)
        found = truths(p[0], accuracy)
        # The other two choices no longer share the rest as `truths` takes it.
        wrong = SECOND * np.log(p[1]) + (1 - SECOND) * np.log(p[2])
        rest = SECOND * p[1] + (1 - SECOND) * p[2]
        found["nll"] = float(-(accuracy * np.log(p[0]) + (1 - accuracy) * wrong).mean())
        square = (p**2).sum(axis=0) + 1 - 2 * (accuracy * p[0] + (1 - accuracy) * rest)
        found["brier"] = float(square.mean())
        truth.append(found)
    return best, truth


def temperature_scenarios(cases: int, rng: np.random.Generator) -> Iterator[tuple[str, Callable]]:
    for dev in (168, 2_490):
        yield f"{dev} rows", lambda dev=dev: temperature_scenario(dev, cases, rng)


PARTS = {
    "items": (item_scenarios, 101),
    "seeds": (seed_scenarios, 202),
    "temperature": (temperature_scenarios, 303),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--only", default="", help="scenarios whose name holds this")
    options = parser.parse_args()
    scenarios, seed = PARTS[options.part]
    path = Path(__file__).with_name(f"coverage_{options.part}.json")
    result = json.loads(path.read_text()) if path.exists() else {"scenarios": {}}
    result["command"] = f"python benchmarks/coverage.py {options.part} --cases {options.cases}"
    result["standard_error_of_a_coverage"] = round(float(np.sqrt(0.95 * 0.05 / options.cases)), 4)
    rng = np.random.default_rng(seed)
    for name, run in scenarios(options.cases, rng):
        if name in result["scenarios"] or options.only not in name:
            continue
        # Each scenario has a stream of its own: what was done before does not matter.
        rng.bit_generator.state = np.random.default_rng([seed, *name.encode()]).bit_generator.state
        began = time.perf_counter()
        result["scenarios"][name] = run()
        print(f"{time.perf_counter() - began:.0f} s  {name}", flush=True)
        path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
