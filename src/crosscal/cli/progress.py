"""Progress bars of a running study, one a stage, read from the stages' progress files."""

from __future__ import annotations

import signal
import sys
import threading
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from crosscal.exceptions import Interrupted
from crosscal.study.execution.stages import Stage
from crosscal.study.execution.store import Store
from crosscal.training.reporting import development_words


class StudyProgress:
    """Shows the running stages and how many are left; plain lines where no terminal is.

    A `ProgressListener` of a run of so many stages in all.
    """

    def __init__(self, store: Store, total: int, *, quiet: bool = False) -> None:
        self._store = store
        self._total = total
        self._done = 0
        self._quiet = quiet
        self._tasks: dict[str, tuple[Stage, TaskID]] = {}
        self._ending: Any = None
        console = Console(stderr=True)
        self._live = console.is_terminal and not quiet
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", style="dim", markup=False),
            console=console,
            disable=not self._live,
        )

    def __enter__(self) -> StudyProgress:
        # Asked to end, it ends as it does by Ctrl-C: executors stop what they have begun.
        if threading.current_thread() is threading.main_thread():
            self._ending = signal.signal(signal.SIGTERM, signal.default_int_handler)
        self._progress.start()
        self._overall = self._progress.add_task("stages", total=self._total, note="")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()
        if self._ending is not None:
            signal.signal(signal.SIGTERM, self._ending)
        if kind is KeyboardInterrupt:
            raise Interrupted(
                "interrupted",
                remedy="Run the same command again: it goes on where this one stopped",
            ) from None

    def started(self, stage: Stage) -> None:
        """Show a stage's bar."""
        task = self._progress.add_task(stage.title, total=None, note="")
        self._tasks[stage.key] = (stage, task)

    def finished(self, stage: Stage) -> None:
        """Take a stage's bar away and count it."""
        self._done += 1
        _, task = self._tasks.pop(stage.key)
        self._progress.remove_task(task)
        self._progress.advance(self._overall)
        if not self._live and not self._quiet:
            learnt = self._store.details(*stage.node).get("development")
            words = f": {development_words([learnt])}" if learnt else ""
            line = f"[{self._done}/{self._total}] {stage.title}{words}"
            print(line, file=sys.stderr, flush=True)

    def tick(self) -> None:
        """Read the progress files."""
        for stage, task in list(self._tasks.values()):
            seen = self._store.progress(*stage.node)
            if seen:
                self._progress.update(task, completed=seen.done, total=seen.total, note=seen.note)


def encoder_progress(*, quiet: bool = False) -> Progress:
    """Return a bar for the one-time building of the packaged encoder."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("building the packaged encoder"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        disable=quiet or not console.is_terminal,
        transient=True,
    )
