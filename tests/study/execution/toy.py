"""A plan of toy stages, which fail, die or are preempted on demand; a hostile executor."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from crosscal.exceptions import StageFailed
from crosscal.study.config.execution import Execution, RayCluster
from crosscal.study.execution.executors import (
    ClusterExecutor,
    InlineExecutor,
    ProcessExecutor,
    RayExecutor,
)
from crosscal.study.execution.gpus import GPU_VARIABLE
from crosscal.study.execution.run_stage import run_stage
from crosscal.study.execution.scheduler import run_plan
from crosscal.study.execution.stages import Stage
from crosscal.study.execution.stages.stage import RUNTIME
from crosscal.study.execution.store import Store

# Word to the words it is made from.
GRAPH = {
    "a": (),
    "b": (),
    "c": ("a",),
    "d": ("a", "b"),
    "e": ("c", "d"),
    "f": ("b",),
    "g": ("e", "f"),
    "h": (),
}
TEXTS = {"a": "a", "b": "b", "c": "(a)c", "d": "(ab)d", "e": "((a)c(ab)d)e", "f": "(b)f", "h": "h"}
TEXTS["g"] = f"({TEXTS['e']}{TEXTS['f']})g"


@dataclass(frozen=True, kw_only=True)
class WordStage(Stage):
    """Writes its inputs' words and its own; notes in `folder` that it ran."""

    kind = "word"
    version = 1

    word: str
    trouble: Path = field(metadata=RUNTIME)

    def run(self, folder, inputs, progress):
        with (self.trouble / "log").open("a") as log:
            log.write(f"{self.word}{' resumed' * (folder / 'begun').exists()}\n")
        (folder / "begun").touch()
        progress(0, 1)
        worker = {"pid": os.getpid(), "gpu": os.environ.get(GPU_VARIABLE)}
        (self.trouble / f"{self.word}.worker").write_text(json.dumps(worker))
        while (self.trouble / f"{self.word}.hold").exists():
            time.sleep(0.02)
        if (self.trouble / f"{self.word}.fail").exists():
            raise StageFailed("as the test wants", where=self.title)
        if (self.trouble / f"{self.word}.bug").exists():
            raise ZeroDivisionError("not of crosscal's making")
        if (self.trouble / f"{self.word}.preempt").exists():
            (self.trouble / f"{self.word}.preempt").unlink()
            os.kill(os.getpid(), signal.SIGUSR2)
        if (self.trouble / f"{self.word}.die").exists():
            (self.trouble / f"{self.word}.die").unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        words = "".join((inputs[role] / "text").read_text() for role in sorted(inputs))
        (folder / "text").write_text(f"({words}){self.word}" if inputs else self.word)
        return {"words": len(inputs)}


@dataclass(frozen=True, kw_only=True)
class OccupyingStage(WordStage):
    """Notes whether another stage is on its GPU, and whether torch came before the GPU's name."""

    def run(self, folder, inputs, progress):
        gpu = os.environ[GPU_VARIABLE]
        (self.trouble / f"{self.word}.early").write_text(str("torch" in sys.modules))
        taken = self.trouble / f"{self.word}.on.{gpu}"
        taken.touch()
        crowd = len(list(self.trouble.glob(f"*.on.{gpu}")))
        time.sleep(0.2)
        taken.unlink()
        with (self.trouble / "crowds").open("a") as log:
            log.write(f"{gpu} {crowd}\n")
        return super().run(folder, inputs, progress)


def toy_plan(trouble: Path) -> list[WordStage]:
    """Stages of `GRAPH`; make the folder `trouble` first."""
    stages: dict[str, WordStage] = {}
    for word, sources in GRAPH.items():
        inputs = {source: stages[source].node for source in sources}
        stages[word] = WordStage(title=word, word=word, inputs=inputs, trouble=trouble)
    return list(stages.values())


class ShufflingExecutor(ThreadPoolExecutor):
    """Runs stages in threads, as late and in as odd an order as may be."""

    workers = 5

    def __init__(self, store: Store) -> None:
        super().__init__(self.workers)
        self._store = store
        self._random = random.Random(7)

    def submit(self, stage):
        delay = self._random.uniform(0.0, 0.15)
        return super().submit(self._late, delay, stage)

    def _late(self, delay, stage):
        time.sleep(delay)
        return run_stage(stage, self._store)


def debugged(store: Store) -> ClusterExecutor:
    """Jobs that submitit's debug executor runs, in the thread that looks after them."""
    import submitit
    from submitit.local.debug import DebugJob

    class OneAtATime(DebugJob):
        def results(self):
            with _ENVIRONMENT:  # which a job replaces while it runs
                return super().results()

    class Debugging(submitit.DebugExecutor):
        def _internal_process_submissions(self, delayed):
            return [OneAtATime(self.folder, each) for each in delayed]

    return ClusterExecutor(store, Debugging(store.root / "jobs"), 3)


EXECUTORS = {
    "inline": InlineExecutor,
    "processes": lambda store: ProcessExecutor(store, 2),
    "shuffling": ShufflingExecutor,
    "slurm": debugged,
    "ray": lambda store: RayExecutor(store, RayCluster(retries=0), Execution(), 2),
}
_ENVIRONMENT = threading.Lock()


class Listener:
    """Counts; the numbers of stages begun and ended are those of the calls."""

    def __init__(self):
        self.begun, self.ended = [], []

    def started(self, stage):
        assert stage.title not in self.begun
        self.begun.append(stage.title)

    def finished(self, stage):
        assert stage.title in self.begun
        self.ended.append(stage.title)

    def tick(self):
        pass


def main(name: str, folder: Path) -> None:
    """Run the plan in this process, which a stage may kill."""
    # Commands that a shell runs in the background do not hear it, and neither would their children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    store = Store(folder / "store")
    with EXECUTORS[name](store) as executor:
        run_plan(toy_plan(folder), store, executor, Listener())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
