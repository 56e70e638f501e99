"""What executors cost: milliseconds for each stage, and what a second worker gains.

    python benchmarks/executors.py
    python benchmarks/executors.py --size small

Overhead: stages that write one byte run one after the other (one worker) under every executor,
after a first one that has what is started once started; all that the store does for a stage is
included: its locks, checksums and flushes. The time of the first is told apart. Medians of
``--repeats``.

Workers: a study of real trainings by ``crosscal run`` with one worker and with two, in turns; the
time is that of the whole command, with its plan, analysis and report. Results go to
``benchmarks/executors.json``. Leave the machine alone meanwhile: two workers need two free cores.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from crosscal.study.config.execution import Cluster, Execution, RayCluster
from crosscal.study.execution.executors import (
    ClusterExecutor,
    Executor,
    InlineExecutor,
    ProcessExecutor,
    RayExecutor,
)
from crosscal.study.execution.executors.cluster import open_jobs
from crosscal.study.execution.scheduler import run_plan
from crosscal.study.execution.stages import Stage
from crosscal.study.execution.store import Store

STUDY = """\
name = "workers"
seeds = [1, 2]
[encoder]
layers = 3
[target]
task = "mini-nli"
train = {{ format = "mini-nli", clusters = {clusters} }}
dev = {{ format = "mini-nli", clusters = 20 }}
test = {{ format = "mini-nli", clusters = 40 }}
languages = ["en", "tr"]
[intermediate.paraphrase]
task = "paraphrase"
train = {{ format = "mini-paraphrase", clusters = {clusters} }}
dev = {{ format = "mini-paraphrase", clusters = 20 }}
[recipes.direct]
[recipes.paraphrase]
intermediate = ["paraphrase"]
[training]
epochs = {epochs}
batch_tokens = 512
evaluations = 1
[analysis]
replicates = 100
"""


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    stages: int  # of executors whose workers stay
    jobs: int  # of those that start a process for each stage
    clusters: int
    epochs: int
    repeats: int


SIZES = {
    "full": Size(stages=200, jobs=10, clusters=600, epochs=4, repeats=5),
    "small": Size(stages=20, jobs=2, clusters=40, epochs=1, repeats=1),
}


@dataclass(frozen=True, kw_only=True)
class IdleStage(Stage):
    """Writes one byte."""

    kind = "idle"
    version = 1

    number: int

    def run(self, folder, inputs, progress):
        """Leave the byte."""
        (folder / "byte").write_bytes(b"0")
        return {}


class Silent:
    """Hears how far a plan is and says nothing."""

    def started(self, stage: Stage) -> None:
        """Hear that a stage begins."""

    def finished(self, stage: Stage) -> None:
        """Hear that it has ended."""

    def tick(self) -> None:
        """Hear that time has passed."""


def slurm_local(store: Store) -> ClusterExecutor:
    folder = store.root.absolute() / "jobs"
    jobs = open_jobs(folder, Cluster(scheduler="local"), Execution())
    return ClusterExecutor(store, jobs, 1)


EXECUTORS: dict[str, Callable[[Store], Executor]] = {
    "in-process": InlineExecutor,
    "processes": lambda store: ProcessExecutor(store, 1),
    "slurm-local": slurm_local,
    "ray-local": lambda store: RayExecutor(store, RayCluster(), Execution(), 1),
}


def overhead(name: str, stages: int) -> tuple[float, float]:
    """Seconds until a first stage is done, and milliseconds for each that follows."""
    with tempfile.TemporaryDirectory() as scratch:
        store = Store(Path(scratch) / "store")
        plan = [IdleStage(title=str(i), number=i) for i in range(stages + 1)]
        begun = time.perf_counter()
        with EXECUTORS[name](store) as executor:
            run_plan(plan[:1], store, executor, Silent())
            started = time.perf_counter()
            run_plan(plan, store, executor, Silent())
            ended = time.perf_counter()
        assert all(store.has(*stage.node) for stage in plan)
    return started - begun, (ended - started) / stages * 1000


def study_seconds(size: Size, executor: str, workers: int) -> float:
    """Time of a study's first run."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "workers.toml"
        file.write_text(STUDY.format(clusters=size.clusters, epochs=size.epochs))
        line = [sys.executable, "-m", "crosscal.cli", "run", str(file), "--output", scratch]
        for setting in (f"execution.executor={executor}", f"execution.workers={workers}"):
            line += ["--set", setting]
        begun = time.perf_counter()
        subprocess.run(line, check=True, capture_output=True)
        return time.perf_counter() - begun


def machine() -> dict[str, Any]:
    """Say where this was measured."""
    found: dict[str, Any] = {"cores": os.cpu_count(), "python": platform.python_version()}
    for package in ("torch", "submitit", "ray"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--repeats", type=int, help="by default as many as the size has")
    parser.add_argument("--executors", nargs="+", choices=EXECUTORS, default=list(EXECUTORS))
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    size = SIZES[options.size]
    repeats = options.repeats or size.repeats
    found: dict[str, Any] = {
        "size": options.size,
        "repeats": repeats,
        "machine": machine(),
        "overhead": {},
        "workers": {},
    }

    def write() -> None:
        options.json.write_text(json.dumps(found, indent=1) + "\n")

    for name in options.executors:
        stages = size.jobs if name == "slurm-local" else size.stages
        measured = [overhead(name, stages) for _ in range(repeats)]
        first, each = (statistics.median(values) for values in zip(*measured, strict=True))
        found["overhead"][name] = {
            "stages": stages,
            "first_stage_seconds": round(first, 2),
            "milliseconds_a_stage": round(each, 1),
        }
        print(f"{name:12} first stage {first:6.2f} s, then {each:8.1f} ms a stage", flush=True)
        write()
    for name in ("processes", "ray"):
        if not any(each.startswith(name) for each in options.executors):
            continue
        times: dict[int, list[float]] = {1: [], 2: []}
        for _ in range(repeats):
            for workers, each in times.items():
                each.append(study_seconds(size, name, workers))
        one, two = (statistics.median(times[workers]) for workers in (1, 2))
        found["workers"][name] = {
            "seconds_with_one": round(one, 1),
            "seconds_with_two": round(two, 1),
            "times_as_fast": round(one / two, 2),
        }
        print(
            f"{name:12} one worker {one:.1f} s, two {two:.1f} s: {one / two:.2f} times", flush=True
        )
        write()


if __name__ == "__main__":
    main()
