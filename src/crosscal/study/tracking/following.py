"""Follow the step logs of running trainings, and tell trackers of every new line.

Training itself knows of no tracker: whatever runs a stage, its log lies in the store. So a tracker
that fails or waits changes nothing, and an interrupted stage goes on where its log does.
"""

from __future__ import annotations

import io
import json
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from functools import partial
from operator import methodcaller
from pathlib import Path
from typing import Any

from crosscal.analysis import Results
from crosscal.artifacts import PARTIAL, write_aside
from crosscal.study.config.settings import ONE_TARGET, Study
from crosscal.study.execution.scheduler import ProgressListener
from crosscal.study.execution.stages import Stage, TrainStage
from crosscal.study.execution.store import Store
from crosscal.study.tracking.tracker import TrackedRun, Tracker, TrackerLog, open_trackers

_LOG = "log.jsonl"
_EVERY_SECONDS = 2.0
_OF_STEPS = (
    "loss",
    "gradient_norm",
    "learning_rate",
    "tokens_per_second",
    "padding",
    "mfu",
    "peak_memory_gb",
)


@contextmanager
def tracked(
    study: Study, store: Store, folder: Path, listener: ProgressListener
) -> Iterator[TrackedTraining | ProgressListener]:
    """Give a listener that tells a study's trackers what another one hears; that one if none."""
    if not study.tracking.trackers:
        yield listener
        return
    training = TrackedTraining(
        study, store, folder, listener, open_trackers(study.tracking, folder)
    )
    try:
        yield training
    finally:
        training.close()


class TrackedTraining:
    """A `ProgressListener` that follows the logs of training stages while they run."""

    def __init__(
        self,
        study: Study,
        store: Store,
        folder: Path,
        listener: ProgressListener,
        trackers: Mapping[str, Tracker],
    ) -> None:
        self._study, self._store, self._folder = study, store, folder
        self._listener = listener
        self._trackers = dict(trackers)
        self._followed: dict[str, list[_FollowedLog]] = {}
        self._looked = 0.0

    def started(self, stage: Stage) -> None:
        """Begin to follow a stage, if it trains."""
        self._listener.started(stage)
        if not isinstance(stage, TrainStage):
            return
        run = TrackedRun(
            project=self._study.name, name=stage.title, key=stage.key, settings=_settings(stage)
        )
        logs = self._followed[stage.key] = []
        for name in list(self._trackers):
            begun = self._told(name, methodcaller("begin", run))
            if begun is not None:
                logs.append(_FollowedLog(name, begun, self._sent_file(name, stage)))

    def finished(self, stage: Stage) -> None:
        """Tell the rest of a stage's log."""
        self._listener.finished(stage)
        self._follow(stage.node)
        self._end(stage.key, finished=True)

    def tick(self) -> None:
        """Tell what is new in the logs, every few seconds."""
        self._listener.tick()
        if time.monotonic() - self._looked > _EVERY_SECONDS:
            self._looked = time.monotonic()
            for key in list(self._followed):
                self._follow((TrainStage.kind, key))

    def results(self, results: Mapping[str, Results]) -> None:
        """Tell the levels that a study has measured, as a run of its own for each target."""
        for target, analysed in results.items():
            name = "results" if target == ONE_TARGET else f"results, {target}"
            run = TrackedRun(project=self._study.name, name=name, key=f"results-{target}")
            values = {
                f"{each.recipe}/{each.language}/{each.metric}": each.value
                for each in analysed.estimates
                if each.quantity == "level" and each.scaling == "none"
            }
            if not values:
                continue
            for tracker in list(self._trackers):
                self._told(tracker, partial(_tell_once, run=run, values=values))

    def close(self) -> None:
        """End the runs of stages that were interrupted."""
        for key in list(self._followed):
            self._follow((TrainStage.kind, key))
            self._end(key, finished=False)

    def _follow(self, node: tuple[str, str]) -> None:
        folder = self._store.folder(*node)
        for log in self._followed.get(node[1], ()):
            for path in (folder / _LOG, folder.with_name(folder.name + PARTIAL) / _LOG):
                lines = log.new_lines(path)
                if lines:
                    self._told(log.tracker, partial(log.tell, lines))

    def _end(self, key: str, *, finished: bool) -> None:
        for log in self._followed.pop(key, ()):
            self._told(log.tracker, partial(log.end, finished))

    def _told(self, name: str, call: Callable[[Tracker], Any]) -> Any:
        """Call a tracker. One that fails is told of once, and left out from then on."""
        tracker = self._trackers.get(name)
        if tracker is None:
            return None
        try:
            with redirect_stdout(io.StringIO()):  # standard output may be read by a program
                return call(tracker)
        except Exception as error:
            del self._trackers[name]
            warnings.warn(
                f"the tracker {name} fails and is left out: {error} (the step logs in the store "
                "have everything)",
                stacklevel=2,
            )
            return None

    def _sent_file(self, tracker: str, stage: Stage) -> Path:
        return self._folder / f"{tracker}-{stage.key[:20]}.json"


class _FollowedLog:
    """A step log as one tracker knows it."""

    def __init__(self, tracker: str, log: TrackerLog, sent: Path) -> None:
        self.tracker = tracker
        self._log, self._sent_file = log, sent
        self._sent = _read_sent(sent)

    def new_lines(self, path: Path) -> list[dict[str, Any]]:
        """Whole lines of steps that were not told yet."""
        try:
            content = path.read_text(encoding="utf-8")
        except OSError:
            return []
        whole = content[: content.rfind("\n") + 1].splitlines()
        lines = [json.loads(line) for line in whole]
        # A step may have two lines; a log that was cut has steps again that were told.
        return [line for line in lines if line.get("step", 0) > self._sent]

    def tell(self, lines: list[dict[str, Any]], _: Tracker) -> None:
        """Tell lines, one call a step, and remember which."""
        by_step: dict[int, dict[str, float]] = {}
        for line in lines:
            by_step.setdefault(int(line["step"]), {}).update(_values(line))
        for step, values in by_step.items():
            self._log.write(step, values)
        self._sent = max(by_step)
        self._sent_file.parent.mkdir(parents=True, exist_ok=True)
        write_aside(self._sent_file, json.dumps({"step": self._sent}).encode())

    def end(self, finished: bool, _: Tracker) -> None:
        """End the run."""
        self._log.close(finished=finished)


def _tell_once(tracker: Tracker, run: TrackedRun, values: Mapping[str, float]) -> None:
    log = tracker.begin(run)
    log.write(1, values)
    log.close(finished=True)


def _read_sent(path: Path) -> int:
    try:
        return int(json.loads(path.read_text())["step"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _values(line: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of a line of the step log, by the names that trackers show."""
    values = {name: float(line[name]) for name in _OF_STEPS if line.get(name) is not None}
    for task, scores in line.get("development", {}).items():
        for name, value in scores.items():
            values[f"development/{task}/{name}"] = float(value)
    return values


def _settings(stage: TrainStage) -> dict[str, Any]:
    """Return what decides about a training, in plain values; no path is among them."""
    return {
        **stage.training.model_dump(),
        "seed": stage.seed,
        "tasks": ", ".join(part.name for part in stage.parts),
        "encoder": stage.encoder,
        "layers": stage.layers,
        "pooling": stage.pooling,
    }
