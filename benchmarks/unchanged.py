"""Do numbers change with the way they were computed? The table of differences.

    python benchmarks/unchanged.py --data ../data
    python benchmarks/unchanged.py --data ../data --targets xnli --recipes direct

A part of ``studies/every-task-smoke.toml`` (one target of each family, after nothing and after
several tasks with masked language modelling, dropout off) is run once, and once more for each way
of the table by ``crosscal run``. Its predictions are compared with the first run's: whole tables,
then scores and decisions. Packed and padded batches are compared by the losses of 20 training
steps, the padded ones in a plain loop over transformers' model.

Results go to ``benchmarks/unchanged.json`` after each way; with ``--work FOLDER`` a benchmark that
was stopped goes on.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
from cpu import loss_curves
from every_task import part_of_every_task
from kill import running


class Way(NamedTuple):
    """How a study is run, and what is promised of it beside the first run."""

    promised: str
    settings: tuple[str, ...]
    launcher: tuple[str, ...] = ()


FIRST = Way("", ("execution.executor=in-process", "execution.threads=1"))
TORCHRUN = ("torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m")
WAYS = {
    "run again": Way("bits", FIRST.settings),
    "killed in training, gone on": Way("bits", (*FIRST.settings, "execution.checkpoint_seconds=1")),
    "two worker processes": Way("bits", ("execution.executor=processes", "execution.workers=2")),
    "slurm-local, two jobs": Way(
        "bits", ("execution.executor=slurm", "cluster.scheduler=local", "execution.workers=2")
    ),
    "ray-local, two tasks": Way("bits", ("execution.executor=ray", "execution.workers=2")),
    "checkpoints discarded": Way("bits", (*FIRST.settings, "execution.checkpoints=discard")),
    "gradient checkpointing": Way(
        "bits", (*FIRST.settings, "training.gradient_checkpointing=true")
    ),
    "gradients of 512 tokens added up": Way(
        "rounding", (*FIRST.settings, "training.micro_batch_tokens=512")
    ),
    "two threads": Way("rounding", ("execution.executor=in-process", "execution.threads=2")),
    "two processes a stage": Way("rounding", (*FIRST.settings, "execution.devices_per_stage=2")),
    "two processes by torchrun": Way("rounding", FIRST.settings[1:], TORCHRUN),
}


def command(file: Path, output: Path, way: Way) -> list[str]:
    line = [sys.executable, "-m", *way.launcher, "crosscal.cli", "run", str(file)]
    line += ["--output", str(output)]
    for setting in way.settings:
        line += ["--set", setting]
    return line


def run(file: Path, output: Path, way: Way) -> None:
    """Run the study, or go on with it."""
    subprocess.run(command(file, output, way), check=True, capture_output=True)


def kill_in_training(file: Path, output: Path, way: Way) -> None:
    """Start the study and kill it (SIGKILL) three seconds into the first training seen."""
    with subprocess.Popen(command(file, output, way), stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and "train" not in [s.kind for s in running(output)]:
            time.sleep(0.02)
        time.sleep(3)
        process.send_signal(signal.SIGKILL)
    if process.returncode != -signal.SIGKILL:
        raise SystemExit("the study ended before it was killed")


def tables(output: Path) -> dict[str, Path]:
    found = sorted((output / "unchanged").rglob("predictions/*.parquet"))
    return {str(file.relative_to(output / "unchanged")): file for file in found}


def differences(first: Path, second: Path) -> dict[str, Any]:
    """Compare two runs' predictions, unit by unit."""
    ours, theirs = tables(first), tables(second)
    if ours.keys() != theirs.keys() or not ours:
        raise SystemExit(f"{second} has other tables than {first}")
    equal = sum(pq.read_table(ours[name]).equals(pq.read_table(theirs[name])) for name in ours)
    units = compared = decisions = 0
    largest = 0.0
    for name in ours:
        a, b = (pq.read_table(runs[name]).to_pydict() for runs in (ours, theirs))
        if a["unit_id"] != b["unit_id"] or a["gold"] != b["gold"]:
            raise SystemExit(f"{name}: other units or golds")
        texts = "choices" if "choices" in a else "unit_id"
        for x, y, u, v in zip(a["scores"], b["scores"], a[texts], b[texts], strict=True):
            units += 1
            if u != v or len(x) != len(y):  # near ties among the best spans: other choices
                decisions += u[int(np.argmax(x))] != v[int(np.argmax(y))]
                continue
            compared += 1
            decisions += int(np.argmax(x)) != int(np.argmax(y))
            finite = np.isfinite(x) & np.isfinite(y)
            largest = max(largest, float(np.abs(np.subtract(x, y)[finite]).max(initial=0.0)))
    return {
        "tables": len(ours),
        "equal_tables": equal,
        "units": units,
        "units_with_other_choices": units - compared,
        "decisions_changed": decisions,
        "largest_difference_of_scores": largest,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data")
    parser.add_argument("--targets", nargs="+", default=["xnli", "panx", "xquad", "tatoeba"])
    parser.add_argument("--recipes", nargs="+", default=["direct", "multi-task-mlm"])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--work", type=Path, help="keep what was run here, and go on with it")
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as scratch:
        measure(options, (options.work or Path(scratch)).absolute())


def measure(options: argparse.Namespace, work: Path) -> None:
    """Run the study in every way; write how far the numbers are apart."""
    work.mkdir(parents=True, exist_ok=True)
    file = work / "unchanged.toml"
    file.write_text(part_of_every_task("unchanged", options.data, options.targets, options.recipes))
    run(file, work / "first", FIRST)
    curves = work / "curves"
    curves.mkdir(exist_ok=True)
    mnli = options.data / "mnli_nyu_hw2"
    losses = loss_curves(argparse.Namespace(data=mnli, threads=1, layers=12), curves)
    found: dict[str, Any] = {
        "study": f"every-task-smoke: {', '.join(options.targets)} x {', '.join(options.recipes)}",
        "packed v padded": {
            "steps": len(losses["padded"]),
            "largest_difference_of_losses": losses["largest_difference"],
        },
        "ways": {},
    }
    print(f"packed v padded, 20 losses: within {losses['largest_difference']:.1e}", flush=True)
    for name in options.ways:
        way = WAYS[name]
        output = work / name.replace(" ", "-").replace(",", "")
        if name.startswith("killed") and not output.exists():
            kill_in_training(file, output, way)
        run(file, output, way)
        apart = {"promised": way.promised} | differences(work / "first", output)
        found["ways"][name] = apart
        print(
            f"{name:34} {apart['equal_tables']:3} of {apart['tables']} tables equal, "
            f"decisions changed {apart['decisions_changed']} of {apart['units']}, scores within "
            f"{apart['largest_difference_of_scores']:.1e}",
            flush=True,
        )
        options.json.write_text(json.dumps(found, indent=1) + "\n")
        if way.promised == "bits" and apart["equal_tables"] != apart["tables"]:
            raise SystemExit(f"{name}: other bits, where the same are promised")


if __name__ == "__main__":
    main()
