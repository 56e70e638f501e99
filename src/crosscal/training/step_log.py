"""A line for each step of training, without waiting for the device in every one."""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path
from typing import Any, TextIO

import torch
from torch import Tensor

from crosscal.exceptions import StageFailed
from crosscal.training.reporting import RecentLoss


class StepLog:
    """The step log of a stage, one JSON object a line.

    Losses and norms stay on the device until `every` steps are done: asking for one waits for all
    that the device has still to do.

    Parameters
    ----------
    path : Path or None
        The file; what stands behind its first `length` bytes is dropped. None: nothing is logged.
    steps : int
        Of the stage, for messages.
    every : int
        Steps whose losses are fetched together.
    full_speed : float, optional
        Tokens a second that the devices of the stage could train on at most, of which the log then
        says what share it was (MFU, Chowdhery et al. 2022).
    """

    def __init__(
        self,
        path: Path | None,
        length: int,
        *,
        steps: int,
        every: int,
        full_speed: float | None = None,
    ) -> None:
        self.recent = RecentLoss()
        self._steps = steps
        self._every = every
        self._full_speed = full_speed
        self._waiting: list[tuple[dict[str, Any], Tensor, Tensor]] = []
        self._stream: TextIO | None = None
        if path is not None:
            self._stream = path.open("r+" if path.exists() else "w+", encoding="utf-8")
            self._stream.truncate(length)
            self._stream.seek(length)
        self.since = time.monotonic()  # from when on the time counts as that of steps

    def close(self) -> None:
        """Close the file; lines that wait are lost, as the steps behind the last state are."""
        if self._stream is not None:
            self._stream.close()

    def add(self, line: dict[str, Any], loss: Tensor, norm: Tensor) -> None:
        """Take a step's line; loss and norm of the gradient are put in when they are fetched."""
        if self._stream is None:
            return
        self._waiting.append((line, loss.detach(), norm))
        if len(self._waiting) >= self._every:
            self.fetch()

    def fetch(self) -> None:
        """Write the lines that wait; fail at the first loss that is not finite."""
        if not self._waiting:
            return
        losses = torch.stack([loss for _, loss, _ in self._waiting]).tolist()
        norms = torch.stack([norm for _, _, norm in self._waiting]).tolist()
        now = time.monotonic()
        seconds, self.since = (now - self.since) / len(self._waiting), now
        waiting, self._waiting = self._waiting, []
        for (line, _, _), loss, norm in zip(waiting, losses, norms, strict=True):
            if not math.isfinite(loss):
                raise StageFailed(
                    f"the loss became {loss} in step {line['step']} of {self._steps}",
                    where="training",
                    remedy="Lower training.learning_rate or use training.precision = 'fp32'",
                )
            usage: dict[str, float] = {
                "tokens_per_second": round(line["tokens"] / seconds, 1),
                "seconds": round(seconds, 4),
            }
            if self._full_speed is not None:
                usage["mfu"] = round(line["tokens"] / seconds / self._full_speed, 4)
            if torch.cuda.is_available():
                usage["peak_memory_gb"] = round(torch.cuda.max_memory_allocated() / 1e9, 3)
            self._write({**line, "loss": loss, "gradient_norm": norm, **usage})
            self.recent.add(loss)

    def note(self, **content: Any) -> None:
        """Write a line that is no step."""
        self.fetch()
        self._write(content)
        self.since = time.monotonic()  # what the note is about took time of its own

    def sync(self) -> int:
        """Bring everything to the disk; return the length of the file."""
        self.fetch()
        if self._stream is None:
            return 0
        self._stream.flush()
        os.fsync(self._stream.fileno())
        return self._stream.tell()

    def _write(self, content: dict[str, Any]) -> None:
        if self._stream is not None:
            self._stream.write(json.dumps(content) + "\n")
