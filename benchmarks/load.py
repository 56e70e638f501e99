"""Time and memory of `crosscal calibrate` on large files, and how cost grows.

    python benchmarks/load.py                       # curves, and cases at a tenth of their size
    python benchmarks/load.py --size 1 --against CHECKOUT

Inputs are made in a temporary folder, with ``--size`` as a share of the full size: 20 million
rows as Parquet and as CSV, 5,000 groups of 40 rows, 2,000 classes of 5,000 rows, a CSV of 100,000
columns, one line of 1 GB as CSV and as JSON. Each is read and measured in a process of its own,
whose processor time (own and kernel's), wall time and peak memory are taken; BLAS has one thread.
``--against`` is a folder with this repository at another commit, measured in turn. The curves vary
one size at a time, fit a constant and a power of the size, and say whether that is what the
method should cost: time linear in rows, groups, classes, seeds, recipes and languages, memory at
most so. What length and vocabulary cost a training is measured by ``input_size.py``. Results go to
``benchmarks/load.json``.
"""

import argparse
import json
import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
from scipy.optimize import nnls

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_suffix(".json")
CASES = {
    "20 million rows, Parquet": ("rows", 20_000_000, ".parquet"),
    "20 million rows, CSV": ("rows", 20_000_000, ".csv"),
    "5,000 groups of 40 rows": ("groups", 5_000, ".parquet"),
    "2,000 classes, 5,000 rows": ("classes", 2_000, ".parquet"),
    "a CSV of 100,000 columns": ("columns", 100_000, ".csv"),
    "one line of 1 GB, CSV": ("line", 1_000_000_000, ".csv"),
    "one line of 1 GB, JSON": ("line", 1_000_000_000, ".jsonl"),
}
CURVES = {
    "rows": (250_000, 500_000, 1_000_000, 2_000_000, 4_000_000),
    "groups": (25, 50, 100, 200, 400),
    "classes": (100, 200, 400, 800, 1_600),
    "seeds": (2, 4, 8, 16),
    "recipes": (2, 4, 8, 16),
    "languages": (2, 4, 8, 16),
}
RUNS = ("recipes", "seeds", "languages")
# Why a curve bends where it does.
NOTES = {
    "rows": "up to 200,000 rows ranks are resampled too; up to 1 million all rows are one part, "
    "beside which fixed parts of memory count",
    "groups": "draws of 40 million numbers are kept, of about 1,000 such groups; then results "
    "alone grow",
    "classes": "from about 130 classes on sums over clusters are made in parts",
}
# Exponents that are linear: caches and constant parts blur them.
LINEAR = (0.7, 1.25)
# Memory that grows by less is taken as constant.
FLAT_MEMORY = 0.1


def scores(n, classes):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(n, classes)).astype(np.float32)
    gold = rng.integers(0, classes, n)
    values[np.arange(n), gold] += 2.5 if classes < 50 else 5
    return values, gold


def write(path, kind, size):
    """Write the file of one case."""
    if kind == "line":
        part = (b"0.5," if path.suffix == ".csv" else b"xxxx") * (1 << 18)
        with path.open("wb") as file:
            file.write(b"" if path.suffix == ".csv" else b'{"a": "')
            for _ in range(max(1, size // len(part))):
                file.write(part)
        return
    if kind == "columns":
        rows = np.random.default_rng(0).normal(size=(20, size)).round(3)
        names = ",".join(f"x{i}" for i in range(size))
        lines = [",".join([*map(str, row), str(i % 3)]) for i, row in enumerate(rows.tolist())]
        path.write_text("\n".join([f"{names},label", *lines]) + "\n")
        return
    if kind == "classes":
        values, gold = scores(5_000, size)
        lists = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), size)
        pq.write_table(pa.table({"label": gold, "logits": lists}), path)
        return
    values, gold = scores(size if kind == "rows" else size * 40, 3)
    columns = {"label": gold, **{f"logit_{i}": values[:, i] for i in range(3)}}
    if kind == "groups":
        columns["group"] = np.repeat([f"g{i}" for i in range(size)], 40)
    table = pa.table(columns)
    if path.suffix == ".csv":
        arrow_csv.write_csv(table, path)
    else:
        pq.write_table(table, path)


def write_runs(folder, recipes, seeds, languages):
    """Write the predictions of runs, in so many languages and two splits."""
    from crosscal.predictions import Predictions, Provenance, write_predictions

    rng, items = np.random.default_rng(0), 500
    codes = "en sw tr zh ar bg de el es fr hi ru th ur vi fi".split()
    language = np.repeat(codes[:languages], 2 * items)
    gold = np.tile(rng.integers(0, 3, items), 2 * languages)
    number = np.tile(np.arange(items), 2 * languages)
    split = np.tile(np.repeat(["dev", "test"], items), languages)
    units = [f"{s}-{i}" for s, i in zip(split, number, strict=True)]
    for recipe in range(recipes):
        for seed in range(1, seeds + 1):
            values = rng.normal(size=(len(gold), 3))
            values[np.arange(len(gold)), gold] += 1.5
            made = Provenance(
                study="load",
                recipe="direct" if recipe == 0 else f"recipe{recipe}",
                seed=seed,
                task="xnli",
                family="classification",
                encoder="simulated",
                choices=("a", "b", "c"),
            )
            table = Predictions.from_arrays(
                made,
                unit_ids=units,
                cluster_ids=units,
                languages=language,
                splits=split,
                scores=values,
                gold=gold,
            )
            write_predictions(table, folder / f"{recipe}-{seed}.parquet")


def apart(function, *arguments):
    """Run a function in a process of its own: a child's peak begins with what its parent holds."""
    process = multiprocessing.get_context("spawn").Process(target=function, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"{function.__name__}{arguments} failed")


def measure(arguments, checkout, limit=3600):
    """Run crosscal in a process of its own; return its times, peak memory and what it said."""
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    environment["OPENBLAS_NUM_THREADS"] = "1"
    command = [sys.executable, "-m", "crosscal.cli", *map(str, arguments)]
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=said)
        try:
            _, status, usage = wait(process, limit)
        finally:
            process.poll()
        said.seek(0)
        lines = said.read().decode(errors="replace").strip().splitlines()
    code = os.waitstatus_to_exitcode(status)
    return {
        "wall_seconds": round(time.perf_counter() - began, 1),
        "processor_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_gb": round(usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9, 2),
        "exit_code": code,
        **({"said": lines[-1].replace(f"{arguments[1]}", "FILE")[:200]} if code and lines else {}),
    }


def wait(process, limit):
    """Wait for a process, and kill it when the time is over."""
    end = time.monotonic() + limit
    while True:
        found = os.wait4(process.pid, os.WNOHANG)
        if found[0]:
            process.returncode = os.waitstatus_to_exitcode(found[1])
            return found
        if time.monotonic() > end:
            process.kill()
        time.sleep(0.02)


def exponent(sizes, costs):
    """Fit a constant and a power of the size; return the power of the least relative error."""
    n, c = np.array(sizes) / sizes[-1], np.array(costs)
    errors = {}
    for power in np.arange(0.2, 3.0, 0.02):
        design = np.stack([np.ones(len(n)), n**power], axis=1) / c[:, None]
        errors[round(float(power), 2)] = nnls(design, np.ones(len(n)))[1]
    return min(errors, key=errors.get)


def curve(kind, sizes, folder):
    """Measure a curve; one size is varied."""
    points = []
    for size in sizes:
        if kind in RUNS:
            counts = [size if kind == each else 2 for each in RUNS]
            inside = folder / f"{kind}{size}"
            inside.mkdir()
            apart(write_runs, inside, *counts)
            files = sorted(inside.glob("*.parquet"))
            arguments = ["analyse", *files, "--output", inside / "out", "--json"]
        else:
            path = folder / f"{kind}{size}.parquet"
            apart(write, path, kind, size)
            arguments = ["calibrate", path, "--json"]
            arguments += ["--group", "group"] if kind == "groups" else []
        points.append({"size": size, **measure(arguments, ROOT)})
        print(kind, points[-1], flush=True)
    return described(points) | ({"note": NOTES[kind]} if kind in NOTES else {})


def described(points):
    """Return a curve with its exponents; memory may grow less than in proportion, or not at all."""
    sizes = [each["size"] for each in points]
    found = {"points": points, "theory": "linear, beside a constant"}
    for name, flat in (("processor_seconds", 0.1), ("peak_gb", FLAT_MEMORY)):
        costs = [each[name] for each in points]
        grows = costs[-1] > costs[0] * (1 + flat)
        power = exponent(sizes, costs) if grows else 0.0
        least = LINEAR[0] if name == "processor_seconds" else 0.0
        found[name] = {"exponent": power, "as_theory": least <= power <= LINEAR[1]}
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=float, default=0.1, help="share of the full size of cases")
    parser.add_argument("--against", type=Path, help="folder with another commit")
    parser.add_argument("--only", action="append", help="a case or curve; repeatable")
    options = parser.parse_args()
    result = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    result["machine"] = {"system": platform.platform(), "processors": os.cpu_count()}
    checkouts = {"now": ROOT} | ({"before": options.against} if options.against else {})
    for name, (kind, full, ending) in CASES.items():
        if options.only and name not in options.only:
            continue
        size = max(2, int(full * options.size))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"a{ending}"
            apart(write, path, kind, size)
            arguments = ["calibrate", path, "--json"]
            arguments += ["--group", "group"] if kind == "groups" else []
            found = result.setdefault("cases", {}).setdefault(name, {})
            found |= {"size": size, **{k: measure(arguments, at) for k, at in checkouts.items()}}
        print(name, found, flush=True)
        RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    for kind, sizes in CURVES.items():
        if options.only and kind not in options.only:
            continue
        with tempfile.TemporaryDirectory() as folder:
            result.setdefault("curves", {})[kind] = curve(kind, sizes, Path(folder))
        RESULTS.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
