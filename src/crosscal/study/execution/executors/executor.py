"""What an executor is."""

from __future__ import annotations

from concurrent.futures import Future
from types import TracebackType
from typing import Protocol, Self

from crosscal.study.execution.stages import Stage


class Executor(Protocol):
    """A place where stages run; it is made for a store, and knows nothing of what is ready.

    Attributes
    ----------
    workers : int
        How many stages it can run at once.
    """

    workers: int

    def submit(self, stage: Stage) -> Future[bool]:
        """Begin with `run_stage`; all inputs are in the store.

        The future has its result or raises what it raised. When whatever ran the stage is gone,
        it raises `StageFailed`, or `BrokenExecutor` where no more is known; so may ``submit``.
        """

    def __enter__(self) -> Self:
        """Start."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop; after an error at once, whatever still runs."""
