"""Processor time of `crosscal analyse` and of its report, beside that of other checkouts.

    python benchmarks/analyse_speed.py PREDICTIONS... --against COMMIT=CHECKOUT

Each run is a process of its own with one thread, the checkouts in turn: what else a machine does
then slows all, and the ratio of the least times stands. ``CHECKOUT`` is a folder with this
repository at another commit; the option can be repeated. Results go to
``benchmarks/analyse_speed.json``.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_suffix(".json")

# Run in each checkout; the verb had another place before.
PARTS = """
import sys, time
from pathlib import Path

clock, files, folder = time.process_time, sys.argv[2:], Path(sys.argv[1])
try:
    import crosscal.cli.analyse as verb
    analyse = verb.analyse_runs
except ImportError:
    import crosscal.console.analysing as verb
    analyse = verb.analyse
imported = clock()
runs = [verb.read_predictions(Path(file)) for file in files]
languages = runs[0].languages("test")
settings = verb.AnalysisSettings(
    title="speed", dev_split="dev", groups=verb.default_groups(languages), replicates=2000
)
read = clock()
results = analyse(runs, settings=settings)
analysed = clock()
context = verb._context(runs[0], languages, ())
verb.write_report(results, folder, study=context)
print(imported, read - imported, analysed - read, clock() - analysed, len(results.estimates))
"""
NAMES = ("import", "read", "analyse", "report")


def parts(checkout, files):
    """Return the processor seconds of each part, and the number of estimates, in one process."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    environment = {**os.environ, **threads, "PYTHONPATH": str(checkout / "src")}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", PARTS, folder, *map(str, files)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    *seconds, estimates = map(float, done.stdout.split())
    return dict(zip(NAMES, seconds, strict=True)), int(estimates)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, help="prediction files")
    parser.add_argument("--against", action="append", default=[], metavar="COMMIT=CHECKOUT")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    named = (other.split("=", 1) for other in options.against)
    checkouts = {"now": ROOT} | {name: Path(folder) for name, folder in named}
    found = {name: [] for name in checkouts}
    estimates = {}
    for _ in range(options.runs):
        for name, checkout in checkouts.items():
            seconds, estimates[name] = parts(checkout, options.files)
            seconds["all but the report"] = sum(seconds[part] for part in NAMES[:-1])
            found[name].append(seconds)
    least = {
        name: {part: min(each[part] for each in runs) for part in runs[0]}
        for name, runs in found.items()
    }
    document = {"runs": options.runs, "estimates": estimates, "processor_seconds_least": least}
    document["ratio_of_now"] = {
        name: {part: least["now"][part] / seconds for part, seconds in other.items()}
        for name, other in least.items()
        if name != "now"
    }
    print(json.dumps(document, indent=1))

    RESULTS.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
