"""A small study in a folder of its own, run in a child process."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STUDY = """\
name = "faulty"
seeds = [1]
[encoder]
name = "{encoder}"
[target]
task = "mini-nli"
train = {{ format = "mini-nli", clusters = 60 }}
dev = {{ format = "mini-nli", clusters = 10 }}
test = {{ format = "mini-nli", clusters = 12 }}
languages = ["en", "tr", "zh"]
[intermediate.paraphrase]
task = "paraphrase"
train = {{ format = "mini-paraphrase", clusters = 40 }}
dev = {{ format = "mini-paraphrase", clusters = 10 }}
[recipes.direct]
[recipes.paraphrase]
intermediate = ["paraphrase"]
[training]
epochs = 2
batch_tokens = 256
max_length = 48
evaluations = 2
[analysis]
replicates = 100
[execution]
executor = "in-process"
checkpoint_seconds = 0.05
"""
LIMIT_SECONDS = 90.0
HUNG, REFUSED = 999, 4  # exit codes: ours, and the command's for damaged artifacts


@dataclass
class Ended:
    """How a command ended."""

    code: int
    words: str
    seconds: float
    memory: int

    @property
    def traceback(self) -> bool:
        """Whether it ended with a traceback."""
        return "Traceback (most recent call last)" in self.words


class Place:
    """A folder with the study in it, and what its results ought to be."""

    def __init__(self, root: Path, encoder: Path) -> None:
        self.root, self.encoder = root, encoder
        self.study = root / "faulty.toml"
        root.mkdir(parents=True, exist_ok=True)
        self.study.write_text(STUDY.format(encoder=encoder), encoding="utf-8")
        self.output = root / "results"
        self.store = self.output / "store"

    def tables(self) -> dict[str, str]:
        """Hashes of the predictions."""
        folder = self.output / "faulty" / "predictions"
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.glob("*.parquet"))
        }

    def finished(self) -> dict[str, int]:
        """Finished stages and when they were made."""
        return {
            path.name: (path / "manifest.json").stat().st_mtime_ns
            for path in self.store.glob("*-*")
            if path.is_dir() and "." not in path.name and (path / "manifest.json").is_file()
        }

    def run(
        self, fault: Callable[[], None] = lambda: None, *settings: str, then: Any = None
    ) -> Ended:
        """Run the command in a child, after what puts the fault into it; `then` gets its id."""
        words = self.root / "words"
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            self.become(words, fault, settings)
        if then is not None:
            then(child)
        status, usage = self._wait(child, started)
        code = os.waitstatus_to_exitcode(status) if status is not None else HUNG
        return Ended(
            code,
            words.read_text(encoding="utf-8", errors="replace"),
            time.monotonic() - started,
            usage,
        )

    def become(self, words: Path, fault: Callable[[], None], settings: tuple[str, ...]) -> None:
        """Become the command, with a fault in it; never returns."""
        code = 1
        try:
            os.setsid()
            stream = os.open(words, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(stream, 1)
            os.dup2(stream, 2)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.environ["CROSSCAL_CACHE"] = str(self.root / "cache")  # it may be damaged too
            overrides = [part for each in settings for part in ("--set", each)]
            sys.argv = [
                "crosscal",
                "run",
                str(self.study),
                "--output",
                str(self.output),
                *overrides,
            ]
            from crosscal.cli.app import main

            fault()
            try:
                main()
                code = 0
            except SystemExit as end:
                code = int(end.code or 0)
        except BaseException:
            import traceback

            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(code)

    @staticmethod
    def _wait(child: int, started: float) -> tuple[int | None, int]:
        while time.monotonic() - started < LIMIT_SECONDS:
            found, status, usage = os.wait4(child, os.WNOHANG)
            if found:
                with suppress(ProcessLookupError):
                    os.killpg(child, signal.SIGKILL)
                return status, usage.ru_maxrss * 1024
            time.sleep(0.005)
        os.killpg(child, signal.SIGKILL)
        _, _, usage = os.wait4(child, 0)
        return None, usage.ru_maxrss * 1024
