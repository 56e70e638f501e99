"""Which stages are ready: runs a plan on any executor, and goes on where it was stopped."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from typing import Literal, Protocol

from crosscal.exceptions import StageFailed
from crosscal.study.execution.executors.executor import Executor
from crosscal.study.execution.needs import needed_stages, unread
from crosscal.study.execution.stages import Stage
from crosscal.study.execution.store import Store

_TICK_SECONDS = 0.3


class ProgressListener(Protocol):
    """Is told how far a plan is."""

    def started(self, stage: Stage) -> None:
        """Hear that a stage begins."""

    def finished(self, stage: Stage) -> None:
        """Hear that a stage's artifact is in the store."""

    def tick(self) -> None:
        """Hear that some time has passed: progress files may be read."""


def run_plan(
    stages: Sequence[Stage],
    store: Store,
    executor: Executor,
    listener: ProgressListener,
    *,
    checkpoints: Literal["keep", "discard"] = "keep",
) -> None:
    """Run every stage that is needed and not in the store, each after its inputs.

    Parameters
    ----------
    stages : sequence of Stage
        Of those that could run, earlier ones begin first.
    store : Store
        Where artifacts are found and left.
    executor : Executor
        Runs one stage or several at a time; the numbers do not depend on it.
    listener : ProgressListener
        Told of every stage, by one thread at a time.
    checkpoints : {"keep", "discard"}
        What becomes of weights and vectors when the stages that read them are done.

    Raises
    ------
    CrosscalError
        What the first failing stage raised. No further ones begin; finished stages are kept.
    """
    waiting = needed_stages(stages, store)
    missing = {stage.node for stage in waiting}
    running: dict[Future[bool], Stage] = {}
    with _Ticking(listener) as telling:
        try:
            while waiting or running:
                ready = [stage for stage in waiting if not missing & set(stage.inputs.values())]
                for stage in ready[: executor.workers - len(running)]:
                    waiting.remove(stage)
                    with telling:
                        listener.started(stage)
                    running[executor.submit(stage)] = stage
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                # All that succeeded are told of before a failure ends the run.
                for future in sorted(done, key=lambda future: future.exception() is not None):
                    future.result()
                    stage = running.pop(future)
                    missing.discard(stage.node)
                    with telling:
                        listener.finished(stage)
                if checkpoints == "discard":
                    for stage in filter(
                        lambda each: store.has(*each.node), unread(stages, missing)
                    ):
                        store.discard(*stage.node, stage.large)
        except BrokenExecutor as error:
            raise StageFailed(
                "a worker process died (killed, or out of memory?)",
                where=", ".join(stage.title for stage in running.values()) or None,
                remedy="Run the same command again: it goes on where this one stopped",
            ) from error


class _Ticking:
    """Calls ``tick`` from a thread, never while its lock is held."""

    def __init__(self, listener: ProgressListener) -> None:
        self._listener = listener
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._over.wait(_TICK_SECONDS):
            with self._lock:
                self._listener.tick()

    def __enter__(self) -> threading.Lock:
        self._thread.start()
        return self._lock

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
