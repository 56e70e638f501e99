"""What a tracker of experiments has to do, and which there are."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from crosscal.exceptions import MissingExtra
from crosscal.study.config.execution import Tracking


@dataclass(frozen=True, kw_only=True)
class TrackedRun:
    """What a tracker shows as one run: a training stage, or the results of a study.

    `key` is the same whenever the same is tracked; `settings` are plain values by name.
    """

    project: str
    name: str
    key: str
    settings: Mapping[str, Any] = field(default_factory=dict)


class TrackerLog(Protocol):
    """The log of one run with a tracker."""

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Add numbers by name; steps ascend."""

    def close(self, *, finished: bool) -> None:
        """End it: done, or interrupted."""


class Tracker(Protocol):
    """A place where people look at runs. It may fail: a study goes on without it."""

    def begin(self, run: TrackedRun) -> TrackerLog:
        """Begin a run, or go on with the one of the same key."""


# Name to the package it needs, and the module and class here.
_TRACKERS = {
    "tensorboard": ("tensorboard", "tensorboard", "TensorBoard"),
    "mlflow": ("mlflow", "mlflow_runs", "MLflow"),
    "wandb": ("wandb", "wandb_runs", "WeightsAndBiases"),
    "trackio": ("trackio", "trackio_runs", "Trackio"),
}


def open_trackers(settings: Tracking, folder: Path) -> dict[str, Tracker]:
    """Open the trackers of a study; what they keep on this machine lies in a folder.

    Raises
    ------
    MissingExtra
        If the package of one is not installed.
    """
    for name in settings.trackers:
        package = _TRACKERS[name][0]
        if importlib.util.find_spec(package) is None:
            raise MissingExtra(
                f"the tracker needs the package '{package}', which is not installed",
                where="tracking.trackers",
                remedy=f"Run: pip install 'crosscal[{name}]'",
            )
    opened: dict[str, Tracker] = {}
    for name in settings.trackers:
        _, module, kind = _TRACKERS[name]
        make: Callable[..., Tracker] = getattr(import_module(f"{__package__}.{module}"), kind)
        opened[name] = make(folder / name, network=settings.network)
    return opened
