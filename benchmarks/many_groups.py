"""Whether verdicts of ``crosscal calibrate`` hold with many groups.

``python benchmarks/many_groups.py`` judges groups of 100 rows, two classes: all calibrated (size:
how often anything is clear), or one in ten overconfident (power: the share of these that is clear;
false: how often any other is). Judged as the program judges: the error against calibration, and
differences of error, gap and accuracy from the first group, each adjusted by Holm. Leaves
``benchmarks/many_groups.json``.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from crosscal.calibration import evaluate, holm

ROWS, CLEAR = 100, 0.05
VERDICTS = ("ece against calibration", "ece", "gap", "accuracy")


def one_table(
    groups: int, off: bool, replicates: int, rng: np.random.Generator
) -> dict[str, tuple[float, bool]]:
    """Return for each verdict the share of groups that are off and called so, and false alarms."""
    truly = (np.arange(groups) % 10 == 1) & off
    z = rng.normal(0.5, 1.2, (groups, ROWS))
    confidence = 0.5 + 0.5 / (1 + np.exp(-z))
    right = rng.random((groups, ROWS)) < np.where(truly[:, None], confidence - 0.35, confidence)
    names = np.array([f"g{i:05d}" for i in range(groups)])
    found = evaluate(
        np.stack([confidence.ravel(), 1 - confidence.ravel()], axis=1),
        (~right).astype(int).ravel(),
        groups=np.repeat(names, ROWS),
        given="probabilities",
        baseline="g00000",
        errors=("ece",),
        replicates=replicates,
        seed=int(rng.integers(2**31)),
    )
    p_values = {"ece against calibration": [found.groups[n].errors["ece"].p_value for n in names]}
    judged = {"ece against calibration": holm(p_values["ece against calibration"]) < CLEAR}
    for measure in VERDICTS[1:]:
        clear = {d.group: d.p_adjusted < CLEAR for d in found.differences if d.measure == measure}
        judged[measure] = np.array([clear.get(name, False) for name in names])
    return {
        verdict: (
            float(clear[truly].mean()) if truly.any() else 0.0,
            bool(clear[~truly].any()),
        )
        for verdict, clear in judged.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=200, help="at 2 and 20 groups; fewer beyond")
    options = parser.parse_args()
    path = Path(__file__).with_suffix(".json")
    result = json.loads(path.read_text()) if path.exists() else {}
    for groups, least in ((2, 1), (20, 1), (200, 5), (5_000, 50)):
        for replicates in (100, 1000):
            for off in (False, True):
                name = (
                    f"{groups} groups, {replicates} replicates, {'some off' if off else 'none off'}"
                )
                if name in result:
                    continue
                rng = np.random.default_rng([groups, replicates, off])
                began, tables = time.perf_counter(), max(4, options.tables // least)
                each = [one_table(groups, off, replicates, rng) for _ in range(tables)]
                result[name] = {
                    "tables": tables,
                    **{
                        verdict: {
                            "found": round(float(np.mean([t[verdict][0] for t in each])), 3),
                            "any_false": round(float(np.mean([t[verdict][1] for t in each])), 3),
                        }
                        for verdict in VERDICTS
                    },
                }
                print(f"{time.perf_counter() - began:.0f} s  {name}  {result[name]}", flush=True)
                path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
