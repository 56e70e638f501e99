"""Put faults of all kinds into a small study: is anything lost, is any number wrong.

    python benchmarks/faults/faults.py [--kinds NAME ...] [--share 0.1] [--seed 1]

Every trial runs the command in a process of its own, with one fault in it, and then once more
without. Outcomes:

    survived    the command ended as if nothing had been, with the right predictions
    recovered   it failed or was killed, said why if it could, and the same command went on to the
                right predictions
    detected    it was refused in words until the folder that the message names was removed, and
                then gave the right predictions
    lost        finished stages that were not touched had to run again
    wrong       other predictions with exit code 0
    traceback   it ended with a traceback
    hung        it did not end in time
    stuck       it was refused whatever was done

Right predictions are those of an undisturbed run, to the byte. The last five should be 0. Results
are written to ``benchmarks/faults/faults.json`` after each kind.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from file_calls import Calls
from place import HUNG, REFUSED, Ended, Place
from trials import KINDS, Campaign, Trial

sys.path.insert(0, str(Path(__file__).parents[2]))

_BAD = ("lost", "wrong", "traceback", "hung", "stuck")


def judge(place: Place, trial: Trial, right: dict[str, str]) -> tuple[str, Ended]:
    """Run with the fault and without, and say how it ended."""
    trial.before(place)
    first = place.run(trial.inside, *trial.settings, then=trial.during)
    if first.code == 0 and not first.traceback:
        return ("survived" if place.tables() == right else "wrong"), first
    if first.code == HUNG or first.traceback:
        return ("traceback" if first.traceback else "hung"), first
    done, outcome, again = place.finished(), "recovered", place.run()
    for _ in range(8):
        named = _named_folders(again.words) if again.code == REFUSED else []
        if not named:
            break
        for folder in named:
            shutil.rmtree(folder)
            done.pop(folder.name, None)
        outcome, again = "detected", place.run()
    if again.code != 0 or again.traceback:
        stuck = "hung" if again.code == HUNG else "stuck"
        return ("traceback" if again.traceback else stuck), again
    if place.tables() != right:
        return "wrong", again
    now = place.finished()
    lost = any(now.get(name) != at for name, at in done.items())
    return ("lost" if lost else outcome), first


def _named_folders(words: str) -> list[Path]:
    """Folders of the store that a message says to remove, or speaks of."""
    named = re.findall(r"Remove (?:the folder )?(\S+?)(?: and run|\.|,|$)", words)
    named = named or re.findall(r"(\S*/store/\S+?):", words)
    found = [Path(each) for each in dict.fromkeys(named) if "/store/" in each]
    return [each if each.is_dir() else each.parent for each in found if each.exists()]


def tiny_encoder(folder: Path) -> Path:
    """Make a random encoder of XLM-R's kind."""
    from tests.tiny_encoders import make_encoder

    return make_encoder("xlm-roberta", folder)


def undisturbed(root: Path, encoder: Path) -> tuple[Place, int, float]:
    """Run once without a fault; return the place, the calls that were counted, and the time."""
    place = Place(root / "whole", encoder)
    told = root / "calls"

    def count() -> None:
        calls = Calls()
        calls.install()
        plain = os._exit

        def ending(code: int) -> None:
            told.write_text(str(calls.count))
            plain(code)

        os._exit = ending  # type: ignore[assignment]

    ended = place.run(count)
    if ended.code != 0:
        raise SystemExit(f"the undisturbed run failed:\n{ended.words}")
    return place, int(told.read_text()), ended.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--share", type=float, default=1.0, help="of the trials of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    import torch

    import crosscal.cli.study  # noqa: F401  (children are forked with everything imported)

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="crosscal-faults-") as scratch:
        root = Path(scratch)
        whole, calls, seconds = undisturbed(root, tiny_encoder(root / "encoder"))
        right = whole.tables()
        print(f"undisturbed: {seconds:.1f} s, {calls} calls that change the file system")
        campaign = Campaign(random.Random(arguments.seed), arguments.share, whole, calls, seconds)
        table: dict[str, Any] = {}
        for name in arguments.kinds:
            outcomes: Counter[str] = Counter()
            bad, slowest, memory = [], 0.0, 0
            for trial in KINDS[name](campaign):
                shutil.rmtree(root / "trial", ignore_errors=True)
                place = Place(root / "trial", whole.encoder)
                outcome, ended = judge(place, trial, right)
                outcomes[outcome] += 1
                slowest, memory = max(slowest, ended.seconds), max(memory, ended.memory)
                if outcome in _BAD:
                    bad.append(
                        {"what": trial.what, "outcome": outcome, "words": ended.words[-2000:]}
                    )
                    print(f"{name}, {trial.what}: {outcome}\n{ended.words[-1500:]}", flush=True)
            table[name] = {
                "trials": sum(outcomes.values()),
                **outcomes,
                "slowest_seconds": round(slowest, 1),
                "most_memory": memory,
                "bad": bad,
            }
            print(f"{name}: {dict(outcomes)}, slowest {slowest:.1f} s", flush=True)
            content = {"seed": arguments.seed, "calls": calls, "kinds": table}
            arguments.json.write_text(json.dumps(content, indent=1) + "\n")
    total = sum(each["trials"] for each in table.values())
    wrong = sum(len(each["bad"]) for each in table.values())
    print(f"{total} faults, {wrong} of them ended badly")


if __name__ == "__main__":
    main()
