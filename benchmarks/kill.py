"""Kill a study again and again and compare its predictions with an undisturbed run's.

    python benchmarks/kill.py --kills 10
    python benchmarks/kill.py --smoke ../data --kills 5 --executors slurm-local ray-local

The study is of two small recipes, or, with ``--smoke DATA``, the part of
``studies/every-task-smoke.toml`` that ``--targets`` and ``--recipes`` name: by default one target
of each family, after nothing, one task, two, and several with masked language modelling.

For each executor it is started, and at a random moment of training or of prediction a process is
killed with SIGKILL: the command itself, its whole process group, or the one that runs a stage (a
worker, a job, a task). Where that ended the command it is started again, until there were so many
kills; then it is let finish. What was found goes to ``benchmarks/kill.json`` after each executor.
With ``--work FOLDER`` a benchmark that was stopped goes on: what is done is not run again.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from every_task import part_of_every_task

SMALL = """\
name = "killed"
seeds = [1]
[encoder]
layers = 3
[target]
task = "mini-nli"
train = { format = "mini-nli", clusters = 120 }
dev = { format = "mini-nli", clusters = 20 }
test = { format = "mini-nli", clusters = 40 }
[intermediate.paraphrase]
task = "paraphrase"
train = { format = "mini-paraphrase", clusters = 120 }
dev = { format = "mini-paraphrase", clusters = 20 }
[recipes.direct]
[recipes.paraphrase]
intermediate = ["paraphrase"]
[training]
epochs = 2
batch_tokens = 512
evaluations = 2
[analysis]
replicates = 100
"""
PART = {
    "targets": ["xnli", "panx", "xquad", "tatoeba"],
    "recipes": ["direct", "mnli", "chain", "multi-task-mlm"],
}
EXECUTORS = {
    "in-process": ["execution.executor=in-process"],
    "processes": ["execution.executor=processes"],
    "slurm-local": ["execution.executor=slurm", "cluster.scheduler=local"],
    "ray-local": ["execution.executor=ray"],
    "torchrun": [],
}
# Two processes share each stage. What they find is compared with two that no torchrun started.
SHARED = ["execution.executor=in-process", "execution.devices_per_stage=2"]
TORCHRUN = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
WORKERS = 2
_PATIENCE_SECONDS = 4.0


def command(file: Path, output: Path, executor: str) -> list[str]:
    launcher = TORCHRUN if executor == "torchrun" else []
    line = [sys.executable, "-m", *launcher, "crosscal.cli", "run", str(file)]
    line += ["--output", str(output)]
    often = "execution.checkpoint_seconds=1"
    for setting in (*EXECUTORS[executor], often, f"execution.workers={WORKERS}"):
        line += ["--set", setting]
    return line


def digests(output: Path) -> dict[str, str]:
    """Return what each table of predictions is, by its place."""
    folder = output / "killed"
    return {
        str(table.relative_to(folder)): hashlib.sha256(table.read_bytes()).hexdigest()
        for table in sorted(folder.rglob("predictions/*.parquet"))
    }


class Running(NamedTuple):
    """A stage under way, and the process that runs it."""

    kind: str
    pid: int


def running(output: Path) -> list[Running]:
    """Stages whose notes of progress are of processes that are there."""
    found = []
    for note in sorted((output / "store").glob("*.progress")):
        with suppress(OSError, ValueError, KeyError):
            pid = int(json.loads(note.read_text())["pid"])
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"python" in line or b"ray::" in line:
                found.append(Running(note.name.split("-")[0], pid))
    return found


def kill_one(process: subprocess.Popen[bytes], output: Path, victim: str) -> bool:
    """Kill the command, its group, or a process that runs a stage; whether there was one."""
    if victim == "group":
        os.killpg(process.pid, signal.SIGKILL)
    elif victim == "command":
        os.kill(process.pid, signal.SIGKILL)
    else:
        stages = running(output)
        if not stages:
            return False
        with suppress(ProcessLookupError):
            os.kill(stages[0].pid, signal.SIGKILL)
    return True


def killed(
    file: Path, output: Path, executor: str, kills: int, moments: random.Random
) -> dict[str, Any]:
    """Run a study under an executor, killed so many times; return what became of it."""
    shutil.rmtree(output, ignore_errors=True)
    victims = ["command"] if executor == "in-process" else ["command", "group", "stage"]
    told: list[dict[str, str]] = []
    finished_early = 0
    started = time.monotonic()
    while len(told) < kills:
        with subprocess.Popen(
            command(file, output, executor),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            while len(told) < kills:
                kind = moments.choice(["train", "predict"])
                while process.poll() is None and kind not in [s.kind for s in running(output)]:
                    time.sleep(0.05)
                time.sleep(moments.uniform(0.0, _PATIENCE_SECONDS))
                if process.poll() is not None:
                    break
                # Each in its turn, so that few kills have all of them.
                victim = victims[len(told) % len(victims)]
                during = "+".join(s.kind for s in running(output)) or "between stages"
                if kill_one(process, output, victim):
                    told.append({"killed": victim, "during": during})
                    print(f"  {executor}: killed the {victim} during {during}", flush=True)
                if victim != "stage":
                    break
            process.wait()
        if process.returncode == 0 and len(told) < kills:
            # All stages are done: take the last ones away, so that there is work to kill.
            finished_early += 1
            forget(output, moments)
    subprocess.run(command(file, output, executor), check=True, capture_output=True)
    return {
        "kills": told,
        "finished_before_kill": finished_early,
        "seconds": round(time.monotonic() - started, 1),
        "tables": digests(output),
    }


def undisturbed(file: Path, output: Path, settings: list[str]) -> dict[str, str]:
    """Run a study in one piece; return its tables."""
    line = command(file, output, "in-process")
    for setting in settings:
        line += ["--set", setting]
    subprocess.run(line, check=True, capture_output=True)
    return digests(output)


def forget(output: Path, moments: random.Random) -> None:
    """Remove half of the finished training and prediction stages from the store."""
    for kind in ("train", "predict", "collect"):
        for folder in sorted((output / "store").glob(f"{kind}-*")):
            if folder.is_dir() and moments.random() < 0.5:
                shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--executors", nargs="+", choices=EXECUTORS, default=list(EXECUTORS))
    parser.add_argument("--smoke", type=Path, metavar="DATA", help="folder of the public data")
    parser.add_argument("--clusters", type=int, default=120, help="size of the two recipes' study")
    parser.add_argument("--targets", nargs="+", default=PART["targets"])
    parser.add_argument("--recipes", nargs="+", default=PART["recipes"])
    parser.add_argument("--work", type=Path, help="keep what was run here, and go on with it")
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        measure(options, options.work or Path(scratch))


def measure(options: argparse.Namespace, work: Path) -> None:
    """Run the study undisturbed, then killed under each executor; write what was found."""
    work.mkdir(parents=True, exist_ok=True)
    study = f"two recipes of the built-in sets, {options.clusters} clusters to train on"
    text = SMALL.replace("clusters = 120", f"clusters = {options.clusters}")
    if options.smoke is not None:
        study = (
            f"of studies/every-task-smoke.toml the targets {', '.join(options.targets)} "
            f"and the recipes {', '.join(options.recipes)}"
        )
        text = part_of_every_task("killed", options.smoke, options.targets, options.recipes)
    file = work / "killed.toml"
    if file.exists() and file.read_text() != text:
        raise SystemExit(f"{work} has another study: choose another --work")
    file.write_text(text)
    expected = undisturbed(file, work / "undisturbed", [])
    shared: dict[str, str] = {}
    if "torchrun" in options.executors:
        shared = undisturbed(file, work / "undisturbed-shared", SHARED)
    found = json.loads(options.json.read_text()) if options.json.exists() else {}
    key = "small" if options.smoke is None else "every-task-smoke"
    if not isinstance(found.get(key), dict) or found[key].get("undisturbed") != expected:
        found[key] = {"study": study, "undisturbed": expected, "executors": {}}
    for executor in options.executors:
        noted = work / f"{executor}-{options.kills}-{options.seed}.json"
        if noted.exists():
            result = json.loads(noted.read_text())
        else:
            moments = random.Random(f"{options.seed} {executor}")
            result = killed(file, work / executor, executor, options.kills, moments)
            noted.write_text(json.dumps(result))
        right = shared if executor == "torchrun" else expected
        result["equal"] = bool(right) and result.pop("tables") == right
        found[key]["executors"][executor] = result
        print(executor, len(result["kills"]), "kills, equal:", result["equal"], flush=True)
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    if not all(result["equal"] for result in found[key]["executors"].values()):
        raise SystemExit("predictions differ")


if __name__ == "__main__":
    main()
