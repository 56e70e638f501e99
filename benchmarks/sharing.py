"""What stages shared by the cells of a study save, and what a second run costs.

    python benchmarks/sharing.py --data ../data
    python benchmarks/sharing.py --data ../data --targets xnli tatoeba --recipes direct mnli

The study of every task (``studies/every-task-smoke.toml``: fifteen recipes before nine targets, or
the part that is named) is run once by ``crosscal run`` in an empty store. Of each cell, a recipe
with a target, the seconds of all the stages that it rests on are added up: its cost alone. Some
cells, drawn at random, are run in empty stores, each with nothing but its target without a recipe
beside it (effects are measured from that), to see whether such sums are right. Before that the
study is run again, as it is and with another question for its report, and reported.

Results go to ``benchmarks/sharing.json``. Leave the machine alone meanwhile.
"""

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from every_task import FILE, part_of_every_task

from crosscal.encoders.packaged import packaged_encoder
from crosscal.study.config.load import read_study
from crosscal.study.execution.stages import Stage
from crosscal.study.execution.store import Store
from crosscal.study.planning import make_plan
from crosscal.study.planning.plan import Plan

AGAIN = {
    "run again": ("run",),
    "run again with another question": ("run", "--set", "question=Does it cost anything twice?"),
    "report": ("report",),
}


def crosscal(file: Path, output: Path, verb: str, *options: str) -> float:
    """Seconds that a verb takes, from its start to its end."""
    line = [sys.executable, "-m", "crosscal.cli", verb, str(file), "--output", str(output)]
    began = time.monotonic()
    subprocess.run([*line, *options], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def nodes_beneath(stage: Stage, by_node: dict[tuple[str, str], Stage]) -> set[tuple[str, str]]:
    """Return a stage and all that it rests on."""
    found = {stage.node}
    for node in stage.inputs.values():
        found |= nodes_beneath(by_node[node], by_node)
    return found


def cells(plan: Plan) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """Return the stages that each cell rests on, by target and recipe."""
    by_node = {stage.node: stage for stage in plan.stages}
    return {(run.target, run.recipe): nodes_beneath(run.table, by_node) for run in plan.runs}


def seconds_of(nodes: Iterable[tuple[str, str]], output: Path) -> float:
    """Add up what stages took, as they told."""
    store = Store(output / "store")
    return float(sum(store.details(*node)["seconds"] for node in nodes))


def measure(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    file = work / "shared.toml"
    file.write_text(part_of_every_task("shared", options.data, options.targets, options.recipes))
    plan = make_plan(read_study(file, ()), packaged_encoder())
    output = work / "shared"
    went_on = (output / "store").exists()
    seconds = crosscal(file, output, "run", "--set", "execution.executor=in-process")
    alone = cells(plan)
    own = seconds_of((stage.node for stage in plan.stages), output)
    asked = sum(seconds_of(nodes, output) for nodes in alone.values())
    found: dict[str, Any] = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "cells": len(alone),
        "stages_run": len(plan.stages),
        "stages_of_cells_alone": sum(map(len, alone.values())),
        "seconds": None if went_on else round(seconds, 1),
        "seconds_of_stages": round(own, 1),
        "seconds_of_stages_of_cells_alone": round(asked, 1),
        "times_as_fast": round(asked / own, 2),
        "again": {},
        "alone": [],
    }
    for name, (verb, *more) in AGAIN.items():
        found["again"][name] = round(crosscal(file, output, verb, *more), 1)
    others = sorted(cell for cell in alone if cell[1] != "direct")
    for target, recipe in random.Random(options.seed).sample(others, options.alone):
        single, place = work / "single.toml", work / f"{target}-{recipe}"
        single.write_text(part_of_every_task("shared", options.data, [target], ["direct", recipe]))
        whole = crosscal(single, place, "run", "--set", "execution.executor=in-process")
        nodes = alone[target, recipe] | alone[target, "direct"]
        found["alone"].append(
            {
                "target": target,
                "recipe": recipe,
                "seconds": round(whole, 1),
                "seconds_of_stages": round(seconds_of(nodes, place), 1),
                "foreseen": round(seconds_of(nodes, output), 1),
            }
        )
    return found


def show(found: dict[str, Any]) -> None:
    print(
        f"{found['cells']} cells: {found['stages_run']} stages instead of "
        f"{found['stages_of_cells_alone']}; {found['seconds_of_stages']} s of stages instead of "
        f"{found['seconds_of_stages_of_cells_alone']} s ({found['times_as_fast']} times); "
        f"the command took {found['seconds'] or 'an unknown number of'} s"
    )
    for name, seconds in found["again"].items():
        print(f"{name:34} {seconds:6.1f} s")
    for each in found["alone"]:
        cell = f"{each['target']} after {each['recipe']} or nothing"
        print(
            f"{cell:34} {each['seconds']:6.1f} s, of stages {each['seconds_of_stages']:.1f} s "
            f"(foreseen {each['foreseen']:.1f} s)"
        )


def main() -> None:
    study = read_study(FILE, ["paths.data=."])
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data")
    parser.add_argument("--targets", nargs="+", default=list(study.targets))
    parser.add_argument("--recipes", nargs="+", default=list(study.recipes))
    parser.add_argument("--alone", type=int, default=6, help="cells that are run alone")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="keep what was run here, and go on with it")
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        found = measure(options, options.work or Path(scratch))
    options.json.write_text(json.dumps(found, indent=1) + "\n")
    show(found)


if __name__ == "__main__":
    main()
