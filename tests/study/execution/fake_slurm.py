"""Slurm's commands, as far as submitit uses them: jobs are processes, facts about them are files.

Jobs wait (PENDING) while there is a file `hold`. Every call of a command is a line of `calls`.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

COMMANDS = ("sbatch", "srun", "sacct", "scancel", "scontrol")


def install(folder: Path) -> str:
    """Write the commands; returns the folder to put on the search path."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    for name in COMMANDS:
        file = programs / name
        file.write_text(f'#!/bin/sh\nexec {sys.executable} -IS {__file__} {folder} {name} "$@"\n')
        file.chmod(0o755)
    return str(programs)


def sbatch(folder: Path, file: str) -> None:
    text = Path(file).read_text()
    if "--partition=none" in text:
        sys.exit("sbatch: error: invalid partition specified: none")
    if "SLURM_JOB_ID" in os.environ:
        sys.exit("sbatch: error: it would ask for what the job asked for that it is called from")
    job = str(1 + len(list(folder.glob("*.script"))))
    (folder / f"{job}.script").write_text(text)
    array = re.search(r"--array=0-(\d+)", text)
    names = [f"{job}_{k}" for k in range(int(array[1]) + 1)] if array else [job]
    for name in names:
        (folder / f"{name}.state").write_text("PENDING|0:0")
        subprocess.Popen(
            [sys.executable, "-IS", __file__, str(folder), "node", name],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    print(f"Submitted batch job {job}")


def node(folder: Path, name: str) -> None:
    """Run a job, again each time it was requeued."""
    state = folder / f"{name}.state"
    job, _, task = name.partition("_")
    numbers = {"SLURM_JOB_ID": job, "SLURM_PROCID": "0"}
    if task:
        numbers |= {"SLURM_ARRAY_JOB_ID": job, "SLURM_ARRAY_TASK_ID": task}
    while True:
        while (folder / "hold").exists():
            time.sleep(0.05)
            if not state.read_text().startswith("PENDING"):
                return
        state.write_text("RUNNING|0:0")
        (folder / f"{name}.group").write_text(str(os.getpgrp()))
        code = subprocess.run(
            ["bash", folder / f"{job}.script"], env=os.environ | numbers
        ).returncode
        again = folder / f"{name}.requeue"
        if not again.exists():
            break
        again.unlink()
    # bash says 128 + n for a signal n
    said = f"0:{code - 128}" if code > 128 else f"{code}:0"
    state.write_text(f"{'FAILED' if code else 'COMPLETED'}|{said}")


def srun(folder: Path, *words: str) -> None:
    words = words[words.index("--unbuffered") + 1 :]
    for channel, path in ((1, words[1]), (2, words[3])):
        for sign, name in (("A", "ARRAY_JOB_ID"), ("a", "ARRAY_TASK_ID"), ("j", "JOB_ID")):
            path = path.replace(f"%{sign}", os.environ.get(f"SLURM_{name}", ""))
        os.dup2(os.open(path.replace("%t", "0"), os.O_WRONLY | os.O_CREAT | os.O_APPEND), channel)
    os.execvp(words[4], words[4:])


def sacct(folder: Path, *words: str) -> None:
    asked = {words[i + 1] for i, word in enumerate(words) if word == "-j"}
    short = "-nXP" in words
    if not short:
        print("JobID|State|NodeList")
    for file in sorted(folder.glob("*.state")):
        state, code = file.read_text().split("|")
        if short and file.stem in asked:
            print(f"{state}|{code}")
        elif not short and file.stem.partition("_")[0] in asked:
            print(f"{file.stem}|{state}|node1")


def scancel(folder: Path, *names: str) -> None:
    for name in names:
        (folder / f"{name}.state").write_text("CANCELLED by 7|0:15")
        if (group := folder / f"{name}.group").exists():
            os.killpg(int(group.read_text()), signal.SIGKILL)


def scontrol(folder: Path, action: str, name: str) -> None:
    assert action == "requeue"
    (folder / f"{name}.requeue").touch()


if __name__ == "__main__":
    place, command, *rest = sys.argv[1:]
    if command != "node":
        with Path(place, "calls").open("a") as calls:
            calls.write(" ".join([command, *rest]) + "\n")
    globals()[command](Path(place), *rest)
