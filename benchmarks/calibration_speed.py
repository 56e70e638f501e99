"""Speed of calibration errors, and of their bootstrap, alone and against peers.

    python benchmarks/calibration_speed.py
    python benchmarks/calibration_speed.py --peers PYTHON

The first times a whole study (all scalar errors, with 1,000 paired cluster-bootstrap replicates, of
15 languages x 5,010 rows x 2 recipes x 3 seeds), in a process of its own whose peak memory is read;
how one replicate compares with uncertainty-calibration's bootstrap; and how cost grows from 10^4
to 10^7 rows. With ``--peers`` it runs the comparisons with netcal and relplot under another Python
that has them; crosscal itself is timed there too, in turn with them, so ratios come from one run.
Everything is the median of several runs, in processor time where nothing waits. Results go to
``benchmarks/calibration_speed.json``.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_suffix(".json")
LANGUAGES, ROWS, RECIPES, SEEDS = 15, 5_010, 2, 3
REPLICATES = 1_000
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)


def predictions(n, seed, classes=3):
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, classes, n)
    scores = rng.normal(size=(n, classes)) * 1.5
    scores[np.arange(n), gold] += 1.5
    return scores, gold


def medians(functions, runs):
    """Time functions in turn, so that a busy machine is as busy for all."""
    for function in functions.values():
        function()
    found = {name: [] for name in functions}
    for _ in range(runs):
        for name, function in functions.items():
            began = time.process_time()
            function()
            found[name].append(time.process_time() - began)
    return {name: statistics.median(each) for name, each in found.items()}


def study(options):
    """Time all errors of a study on two processes; run in a process of its own."""
    from crosscal.calibration import ERRORS

    numbers = range(LANGUAGES * RECIPES * SEEDS)
    wall, work = [], []
    for _ in range(options.runs):
        began, used = time.monotonic(), _processor_seconds()
        # Small steps of Python in between make threads wait for each other.
        with ProcessPoolExecutor(2, initializer=_draw_clusters) as pool:
            found = list(pool.map(_cell, numbers, chunksize=5))
        wall.append(time.monotonic() - began)
        work.append(_processor_seconds() - used)
    here, there = (
        resource.getrusage(who).ru_maxrss / 1e3
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {
        "cells": len(numbers),
        "rows_of_a_cell": ROWS,
        "clusters": ROWS // 3,
        "replicates": REPLICATES,
        "measures_of_a_cell": len(found[0]),
        "errors": list(ERRORS),
        "seconds_median": statistics.median(wall),
        "seconds": wall,
        "processor_seconds_median": statistics.median(work),
        "peak_resident_mb": here + 2 * there,
    }


def _processor_seconds():
    """Return processor time of this process and of those that it waited for."""
    mine, theirs = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in (mine, theirs))


def _draw_clusters():
    """Draw the clusters that all cells share, in each process: they are equal."""
    from crosscal.calibration import resample_clusters

    global RESAMPLING  # noqa: PLW0603  what a worker process is started with
    RESAMPLING = resample_clusters(ROWS // 3, REPLICATES, entropy=(0,))


def _cell(number):
    """Estimate all errors of one language, recipe and seed."""
    from crosscal.calibration import estimate_errors

    return estimate_errors(
        *predictions(ROWS, number),
        cluster=np.arange(ROWS) // 3,
        resampling=RESAMPLING,
        name=str(number),
    )


def replicate(options):
    """Compare one replicate of the ECE with that of uncertainty-calibration's bootstrap."""
    import calibration
    from calibration.utils import bootstrap_uncertainty

    from crosscal.calibration import estimate_errors, softmax
    from crosscal.calibration.evaluation.cluster_design import design_groups

    scores, gold = predictions(ROWS, 0)
    data = list(zip(softmax(scores), gold, strict=True))
    theirs_drawn = 5

    def functional(rows):
        probabilities, labels = zip(*rows, strict=True)
        return calibration.get_ece(np.array(probabilities), np.array(labels))

    def draw():
        return design_groups(np.zeros(ROWS, int), 1, None, replicates=REPLICATES, seed=0)[0]

    def ours(errors, design):
        unit, resampling = design.unit, design.resampling
        estimate_errors(scores, gold, cluster=unit, resampling=resampling, errors=errors)

    shared = draw()

    found = medians(
        {
            "uncertainty-calibration": lambda: bootstrap_uncertainty(
                data, functional, num_samples=theirs_drawn
            ),
            "crosscal, ece": lambda: ours(("ece",), draw()),
            "crosscal, all errors": lambda: ours(None, draw()),
            "crosscal, ece, draw shared": lambda: ours(("ece",), shared),
            "crosscal, all errors, draw shared": lambda: ours(None, shared),
        },
        options.runs,
    )
    # Their function also computes the estimate itself twice.
    theirs = found["uncertainty-calibration"] / (theirs_drawn + 2)
    each = {
        name.removeprefix("crosscal, "): seconds / REPLICATES
        for name, seconds in found.items()
        if name.startswith("crosscal")
    }
    return {
        "rows": ROWS,
        "seconds_a_replicate": {"uncertainty-calibration": theirs, **each},
        "ratio": {name: theirs / seconds for name, seconds in each.items()},
        "note": "ours holds noise floor, interval and p-value; a shared draw serves all that is "
        "compared, the others draw clusters for this one set of predictions",
    }


def growth(options):
    """Time single errors, and everything with 1,000 replicates, by the number of rows."""
    from crosscal.calibration import ece, evaluate, smooth_ece, top_label

    found = []
    for n in SIZES:
        scores, gold = predictions(n, 0)
        confidence, correct = top_label(scores, gold)
        runs = max(1, min(options.runs, 2_000_000 // n))
        seconds = medians(
            {
                "ece": lambda c=confidence, y=correct: ece(c, y),
                "smooth_ece": lambda c=confidence, y=correct: smooth_ece(c, y),
            },
            max(3, runs),
        )
        began = time.process_time()
        whole = evaluate(scores, gold, replicates=REPLICATES)
        seconds["evaluate"] = time.process_time() - began
        found.append(
            {
                "rows": n,
                "processor_seconds": seconds,
                "microseconds_a_row": {k: 1e6 * s / n for k, s in seconds.items()},
                "resampled": whole.settings["resampled"],
                "calibrated_samples": whole.settings["calibrated_samples"],
                "peak_resident_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
            }
        )
        print(json.dumps(found[-1]), file=sys.stderr, flush=True)
    return found


def peers(options):
    """Compare single calls with netcal and relplot, in turn; run by a Python that has them."""
    import netcal
    import relplot
    from netcal.metrics import ECE

    from crosscal.calibration import ece, outcomes, smooth_ece, softmax, top_label

    found = {"versions": {"netcal": netcal.__version__, "relplot": "1.0.3"}}
    for n in (ROWS, 100_000):
        scores, gold = predictions(n, 0)
        probabilities = softmax(scores)
        confidence, correct = top_label(scores, gold)
        numbers = correct.astype(float)
        theirs = ECE(15)
        seconds = medians(
            {
                "ece": lambda c=confidence, y=correct: ece(c, y),
                "ece from probabilities": lambda p=probabilities, g=gold: ece(
                    *outcomes(p, g, given="probabilities")
                ),
                "ece from scores": lambda s=scores, g=gold: ece(*top_label(s, g)),
                "netcal": lambda t=theirs, p=probabilities, g=gold: t.measure(p, g),
                "smooth_ece": lambda c=confidence, y=correct: smooth_ece(c, y),
                "relplot": lambda c=confidence, y=numbers: relplot.smECE(c, y),
            },
            max(options.runs, 9),
        )
        found[f"{n} rows"] = {
            "milliseconds": {name: 1e3 * each for name, each in seconds.items()},
            "ratio_ece_to_netcal": seconds["netcal"] / seconds["ece"],
            "ratio_ece_from_probabilities_to_netcal": seconds["netcal"]
            / seconds["ece from probabilities"],
            "ratio_ece_from_scores_to_netcal": seconds["netcal"] / seconds["ece from scores"],
            "ratio_smooth_ece_to_relplot": seconds["relplot"] / seconds["smooth_ece"],
            "values": {
                "ece": ece(confidence, correct),
                "netcal": float(theirs.measure(probabilities, gold)),
                "smooth_ece": smooth_ece(confidence, correct),
                "relplot": float(relplot.smECE(confidence, numbers)),
            },
        }
    return found


PARTS = {"study": study, "replicate": replicate, "growth": growth, "peers": peers}


def apart(part, python, runs):
    """Run a part in a process of its own, with one thread for each call of the matrix library."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    environment = {**os.environ, **threads, "PYTHONPATH": str(ROOT / "src")}
    command = [python, __file__, "--part", part, "--runs", str(runs)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", metavar="PYTHON", help="compare with netcal and relplot")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=[*PARTS], help="run one part")
    parser.add_argument("--part", choices=[*PARTS], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        print(json.dumps(PARTS[options.part](options)))
        return
    wanted = [options.only] if options.only else ["study", "replicate", "growth"]
    if options.peers and not options.only:
        wanted.append("peers")
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for part in wanted:
        before = os.getloadavg()[0]
        python = options.peers if part == "peers" else sys.executable
        found[part] = apart(part, python, options.runs)
        print(part, json.dumps(found[part], indent=1), flush=True)
        where = {
            "processors": os.cpu_count(),
            "machine": platform.machine(),
            "python": platform.python_version(),
            "numpy": np.__version__,
            "load_before": before,
            "load_after": os.getloadavg()[0],
        }
        found.setdefault("where", {})[part] = where
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
