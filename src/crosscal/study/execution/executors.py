"""Executors: interchangeable ways of running the stages of a plan.

One contract: `execute` runs every stage that the store does not hold, each after
its inputs, tells of each through `events`, and leaves the store so that the same
call goes on where it was stopped. The numbers do not depend on the executor: a
stage fixes its own threads and random state.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Protocol

from crosscal.exceptions import CrosscalError, StageFailed
from crosscal.study.execution.run_stage import run_stage
from crosscal.study.execution.stages import Stage
from crosscal.study.execution.store import Store


class Events(Protocol):
    """What an executor tells while it works."""

    def started(self, stage: Stage) -> None:
        """Say that a stage begins."""

    def finished(self, stage: Stage) -> None:
        """Say that a stage's artifact is there."""

    def tick(self) -> None:
        """Say that some time has passed: progress files may be read."""


class Executor(Protocol):
    """A way of running stages."""

    def execute(self, stages: Sequence[Stage], store: Store, events: Events) -> None:
        """Run the stages that are missing.

        Parameters
        ----------
        stages : sequence of Stage
            In an order in which they can run.
        store : Store
            Where artifacts are found and left.
        events : Events
            Told of every stage.

        Raises
        ------
        CrosscalError
            What the first failing stage raised; finished stages are kept.
        """


class InProcess:
    """Runs one stage after the other in this process."""

    def execute(self, stages: Sequence[Stage], store: Store, events: Events) -> None:
        """Run the stages that are missing; see `Executor`."""
        for stage in stages:
            if store.has(*stage.node):
                continue
            events.started(stage)
            with _Ticking(events):
                run_stage(stage, store)
            events.finished(stage)


class LocalProcesses:
    """Runs ready stages side by side in worker processes.

    Parameters
    ----------
    workers : int
        Number of processes. Each stage uses as many threads as its settings say;
        workers times threads should not exceed the cores.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def execute(self, stages: Sequence[Stage], store: Store, events: Events) -> None:
        """Run the stages that are missing; see `Executor`."""
        waiting = [stage for stage in stages if not store.has(*stage.node)]
        if not waiting:
            return
        missing = {stage.node for stage in waiting}
        running: dict[Future[bool], Stage] = {}
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(
            self.workers, mp_context=context, initializer=_serve, initargs=(os.getpid(),)
        ) as pool:
            try:
                while waiting or running:
                    ready = [s for s in waiting if not missing & set(s.inputs.values())]
                    for stage in ready[: self.workers - len(running)]:
                        waiting.remove(stage)
                        running[pool.submit(run_stage, stage, store)] = stage
                        events.started(stage)
                    done, _ = wait(running, timeout=0.3, return_when=FIRST_COMPLETED)
                    for future in done:
                        stage = running.pop(future)
                        future.result()
                        missing.discard(stage.node)
                        events.finished(stage)
                    events.tick()
            except BrokenProcessPool as error:
                raise StageFailed(
                    "a worker process died (killed, or out of memory?)",
                    where=", ".join(stage.title for stage in running.values()) or None,
                    remedy="Run the same command again: it goes on where this one stopped",
                ) from error
            except (CrosscalError, KeyboardInterrupt):
                pool.shutdown(wait=False, cancel_futures=True)
                for process in list((pool._processes or {}).values()):
                    process.terminate()
                raise


def _serve(parent: int) -> None:
    """Prepare a worker: end it when its parent is gone, however that died."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class _Ticking:
    """Calls ``events.tick`` from a thread while a stage runs in this process."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._over.wait(0.3):
            self._events.tick()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def choose_executor(name: str, workers: int | None, threads: int) -> Executor:
    """Executor by its name in the study file."""
    if name == "in-process":
        return InProcess()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return LocalProcesses(workers or max(1, (cores or 1) // threads))
