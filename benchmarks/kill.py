"""Kill a study again and again and compare its predictions with an undisturbed run's.

    python benchmarks/kill.py --kills 10

For each executor the study is started, killed with SIGKILL at a random moment of training or
of prediction (the whole process group: the workers too), and started again, until it has been
killed so many times; then it is let finish. The result goes to ``benchmarks/kill.json``.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from crosscal.study.execution.store import Store

STUDY = """\
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
[execution]
checkpoint_seconds = 1
"""


def command(file: Path, output: Path, executor: str) -> list[str]:
    name = f"execution.executor={executor}"
    return [
        sys.executable,
        "-m",
        "crosscal.cli",
        "run",
        str(file),
        "--output",
        str(output),
        "--set",
        name,
    ]


def digests(output: Path) -> dict[str, str]:
    tables = sorted((output / "killed" / "predictions").glob("*.parquet"))
    return {table.name: hashlib.sha256(table.read_bytes()).hexdigest() for table in tables}


def running(output: Path) -> list[str]:
    """Kinds of the stages under way."""
    return sorted(p.name.split("-")[0] for p in Store(output / "store").root.glob("*.partial"))


def killed(
    file: Path, output: Path, executor: str, kills: int, moments: random.Random
) -> dict[str, object]:
    during: list[str] = []
    finished_early = 0
    while len(during) < kills:
        with subprocess.Popen(
            command(file, output, executor),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            kind = moments.choice(["train", "predict"])
            while kind not in running(output) and process.poll() is None:
                time.sleep(0.05)
            time.sleep(moments.uniform(0.0, 4.0))
            if process.poll() is not None:
                # All stages are done: take the last ones away, so that there is work to kill.
                finished_early += 1
                forget(output)
                continue
            during.append("+".join(running(output)) or "between stages")
            os.killpg(process.pid, signal.SIGKILL)
    subprocess.run(command(file, output, executor), check=True, capture_output=True)
    return {
        "killed_during": during,
        "finished_before_kill": finished_early,
        "tables": digests(output),
    }


def forget(output: Path) -> None:
    """Remove finished training and prediction stages from the store."""
    import shutil

    for kind in ("train", "predict", "collect"):
        for folder in (output / "store").glob(f"{kind}-*"):
            if folder.is_dir():
                shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "killed.toml"
        file.write_text(STUDY)
        undisturbed = Path(scratch) / "undisturbed"
        subprocess.run(command(file, undisturbed, "in-process"), check=True, capture_output=True)
        expected = digests(undisturbed)
        found = {"kills": options.kills, "undisturbed": expected, "executors": {}}
        for executor in ("in-process", "processes"):
            moments = random.Random(f"{options.seed} {executor}")
            result = killed(file, Path(scratch) / executor, executor, options.kills, moments)
            result["equal"] = result["tables"] == expected
            found["executors"][executor] = result
            print(executor, result["killed_during"], "equal:", result["equal"], flush=True)
    Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n")
    if not all(result["equal"] for result in found["executors"].values()):
        raise SystemExit("predictions differ")


if __name__ == "__main__":
    main()
