"""TensorBoard: event files, a folder for each run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from crosscal.study.tracking.tracker import TrackedRun


class TensorBoard:
    """Writes event files; look at them with ``tensorboard --logdir``."""

    def __init__(self, folder: Path, *, network: bool) -> None:
        self._folder = folder

    def begin(self, run: TrackedRun) -> EventLog:
        """Begin a folder of events; of the same run, further files in it."""
        name = re.sub(r"[^\w.+-]+", "-", run.name).strip("-")
        return EventLog(SummaryWriter(str(self._folder / f"{name}-{run.key[:8]}")), run)


class EventLog:
    """The events of one run."""

    def __init__(self, writer: SummaryWriter, run: TrackedRun) -> None:
        self._writer = writer
        if run.settings:
            rows = "\n".join(f"| {name} | {value} |" for name, value in run.settings.items())
            self._writer.add_text("settings", f"| | |\n|---|---|\n{rows}")

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Add scalars."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def close(self, *, finished: bool) -> None:
        """Close the file."""
        self._writer.close()
