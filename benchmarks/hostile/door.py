"""A hostile input, the command that reads it in a process of its own, and how that ended."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LIMIT_SECONDS = 60.0
LIMIT_MEMORY = 2 << 30
_KILLED_AT = 2 * LIMIT_MEMORY  # what it would have taken need not be known
# Exit codes of the command that are refusals, and how its messages begin.
_REFUSALS = (2, 3, 4, 5, 6)
_PANIC = re.compile(r"^thread '.*' .*panicked at", re.MULTILINE)
_CONTROLS = re.compile("[\0-\b\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069]")
BAD = ("traceback", "crash", "hang", "memory", "wrong", "mute")


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it left in its folder."""

    folder: Path
    code: int  # negative: of a signal
    out: str
    err: str
    seconds: float
    memory: int  # bytes, at most
    stopped: str  # "hang" or "memory" where it was killed for that


Check = Callable[[Ended], str]
"""Say what is wrong, or nothing."""


@dataclass(frozen=True)
class Case:
    """One hostile input."""

    what: str
    make: Callable[[Path], Sequence[str]]  # fills the folder; gives the command's arguments
    names: str  # what a refusal has to name: the file, or the field
    right: Check | None = None  # of what it gives; None: it has to be refused
    never: Check = lambda ended: ""  # however it ended
    standard_input: bytes = b""


def run(case: Case, folder: Path) -> tuple[str, str, Ended]:
    """Run a case; return its door, outcome and how the command ended."""
    folder.mkdir(parents=True)
    arguments = [str(each) for each in case.make(folder)]
    ended = _command(arguments, folder, case.standard_input)
    return arguments[0], _outcome(case, ended), ended


def first_words(ended: Ended) -> str:
    """Return the first line of the message, without the notes on how files were read."""
    lines = [line for line in ended.err.splitlines() if line.strip()]
    said = [line for line in lines if line.startswith("crosscal: ")] or lines or [""]
    line = said[-1 if ended.code else 0].replace(str(ended.folder), ".")
    return _CONTROLS.sub("?", line)[:240]


def _outcome(case: Case, ended: Ended) -> str:
    words = ended.out + ended.err
    # A message ends with what to do, and a full stop; one without a remedy has none.
    told = case.names in words and words.rstrip().endswith((".", "╯"))
    read = ended.code == 0 and case.right is not None and not case.right(ended)
    wrong = bool(case.never(ended) or _CONTROLS.search(words))
    outcomes = {
        ended.stopped: bool(ended.stopped),
        "traceback": "Traceback (most recent call last)" in words or bool(_PANIC.search(words)),
        "crash": ended.code < 0,
        "memory": ended.memory > LIMIT_MEMORY,
        "wrong": wrong or (ended.code == 0 and not read),
        "read right": read,
        "refused": ended.code in _REFUSALS and told,
    }
    return next((name for name, holds in outcomes.items() if holds), "mute")


def why_bad(case: Case, ended: Ended) -> str:
    """Say why an outcome is a bad one."""
    said = case.never(ended)
    if not said and ended.code == 0:
        said = case.right(ended) if case.right else "it was read, and has to be refused"
    return said or f"exit code {ended.code}\n{(ended.out + ended.err)[-3000:]}"


def _command(arguments: Sequence[str], folder: Path, standard_input: bytes) -> Ended:
    """Run the command, and kill it with its children when it takes too long or too much."""
    started, stopped, memory = time.monotonic(), "", 0
    outside = folder.parent / f"{folder.name}.said"
    outside.mkdir()
    out, err = outside / "out", outside / "err"
    (outside / "in").write_bytes(standard_input)
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "RUST_BACKTRACE": "0",
        "TMPDIR": str(outside),  # what it unpacks is left out of the next case
    }
    with out.open("wb") as stdout, err.open("wb") as stderr, (outside / "in").open("rb") as stdin:
        child = subprocess.Popen(
            [sys.executable, "-m", "crosscal.cli", *arguments],
            cwd=folder,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=environment,
            start_new_session=True,
        )
        while True:
            found, status = os.waitpid(child.pid, os.WNOHANG)
            if found:
                break
            memory = max(memory, _resident(child.pid))
            if time.monotonic() - started > LIMIT_SECONDS:
                stopped = "hang"
            elif memory > _KILLED_AT:
                stopped = "memory"
            if stopped:
                os.killpg(child.pid, signal.SIGKILL)
                _, status = os.waitpid(child.pid, 0)
                break
            time.sleep(0.01)
    child.returncode = os.waitstatus_to_exitcode(status)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    return Ended(
        folder=folder,
        code=child.returncode,
        out=out.read_text(encoding="utf-8", errors="replace"),
        err=err.read_text(encoding="utf-8", errors="replace"),
        seconds=time.monotonic() - started,
        memory=memory,
        stopped=stopped,
    )


def _resident(process: int) -> int:
    """Bytes that a process has had in memory at most; 0 once it has ended.

    Of a child that has ended the system tells the most since it was forked, before it became the
    command: as much as the campaign itself had.
    """
    with suppress(OSError, StopIteration):
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) << 10
    return 0
