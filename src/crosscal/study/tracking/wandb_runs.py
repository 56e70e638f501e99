"""Weights & Biases: runs of a project that is named after the study."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import wandb

from crosscal.study.tracking.tracker import TrackedRun


class WeightsAndBiases:
    """Logs offline (``wandb sync`` uploads it), or to the service if the network is allowed."""

    def __init__(self, folder: Path, *, network: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._mode: Any = "online" if network else "offline"

    def begin(self, run: TrackedRun) -> WandbLog:
        """Begin a run, or go on with the one of this id; several may be open at once."""
        return WandbLog(
            wandb.init(
                project=run.project,
                name=run.name,
                id=run.key[:32],
                resume="allow",
                config=dict(run.settings),
                dir=str(self._folder),
                mode=self._mode,
                reinit="create_new",
                # What the package would find out by itself: code, paths, the machine.
                settings=wandb.Settings(
                    silent=True,
                    console="off",
                    save_code=False,
                    x_disable_meta=True,
                    x_disable_stats=True,
                    disable_git=True,
                ),
            )
        )


class WandbLog:
    """One run of Weights & Biases."""

    def __init__(self, run: Any) -> None:
        self._run = run

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Log numbers."""
        self._run.log(dict(values), step=step)

    def close(self, *, finished: bool) -> None:
        """End the run."""
        self._run.finish(exit_code=0 if finished else 1)
