"""trackio: runs of a project that is named after the study."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import trackio

from crosscal.exceptions import SettingsError
from crosscal.study.tracking.tracker import TrackedRun

# Where it would send what it gets.
_REMOTE = ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL", "TRACKIO_DATASET_ID", "TRACKIO_BUCKET_ID")


class Trackio:
    """Logs to trackio's own folder (``TRACKIO_DIR``), or to a Space if the network is allowed."""

    def __init__(self, folder: Path, *, network: bool) -> None:
        named = [name for name in _REMOTE if os.environ.get(name)]
        if named and not network:
            raise SettingsError(
                f"trackio would send what it gets away: {named[0]} is set",
                where="tracking.network",
                remedy="Allow the network, or unset the variable",
            )

    def begin(self, run: TrackedRun) -> TrackioLog:
        """Begin a run, or go on with the one of this name."""
        return TrackioLog(
            trackio.init(
                project=run.project,
                name=f"{run.name} ({run.key[:8]})",
                config=dict(run.settings),
                resume="allow",
                embed=False,
                auto_log_gpu=False,
                auto_log_cpu=False,
            )
        )


class TrackioLog:
    """One run of trackio's."""

    def __init__(self, run: Any) -> None:
        self._run = run

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Log numbers."""
        self._run.log(dict(values), step=step)

    def close(self, *, finished: bool) -> None:
        """End the run."""
        self._run.finish()
