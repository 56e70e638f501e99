"""How many rows each recalibrator needs, in two worlds whose truth is known.

    python benchmarks/recalibration_rows.py --rounds 20

Three classes, logits 2 N(0, 1). In the world "temperature" the true probabilities are
softmax(0.6 logits). In the world "classes" they are softmax(0.6 logits + bias), the bias (0.8, 0,
-0.8), in 9 of 10 rows, and uniform in the others. For each number of rows fitted on, the mean
over rounds of the Brier score of 4,000 new rows, less that of the true probabilities. Written to
``benchmarks/recalibration_rows.json``.
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np

from crosscal.calibration import RECALIBRATORS, ConvergenceWarning, brier, softmax

ROWS = (10, 30, 100, 300, 1_000, 3_000)
NEW = 4_000


def world(name, rng, n):
    """Return logits, labels and true probabilities."""
    scores = 2.0 * rng.normal(size=(n, 3))
    truth = softmax(0.6 * scores)
    if name == "classes":
        truth = 0.9 * softmax(0.6 * scores + np.array([0.8, 0.0, -0.8])) + 0.1 / 3
    below = rng.random(n)[:, None] > np.cumsum(truth, axis=1)
    return scores, np.minimum(below.sum(axis=1), 2), truth


def excess(probabilities, truth):
    """Return the expected Brier score less that of the truth: free of the noise of labels."""
    return float(np.square(probabilities - truth).sum(axis=1).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=4)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    result = {"rounds": options.rounds, "seed": options.seed, "rows": ROWS, "worlds": {}}
    for number, name in enumerate(("temperature", "classes")):
        rng = np.random.default_rng([options.seed, number, 0])
        new, gold, truth = world(name, rng, NEW)
        entry = {
            "brier of the truth": brier(truth, gold, given="probabilities"),
            "excess as given": excess(softmax(new), truth),
            "excess": {},
        }
        for kind, make in RECALIBRATORS.items():
            entry["excess"][kind] = []
            for n in ROWS:
                costs = []
                for round_ in range(options.rounds):
                    rng = np.random.default_rng([options.seed, number, n, round_])
                    scores, right, _ = world(name, rng, n)
                    costs.append(excess(make().fit(scores, right).predict_proba(new), truth))
                entry["excess"][kind].append(round(float(np.mean(costs)), 5))
            print(name, kind, entry["excess"][kind], flush=True)
        result["worlds"][name] = entry
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
