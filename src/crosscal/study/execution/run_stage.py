"""Run one stage: what every executor does, in whatever process."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from crosscal.artifacts import building, locked
from crosscal.exceptions import CrosscalError
from crosscal.memory import memory_errors
from crosscal.study.execution.devices import run_on_devices
from crosscal.study.execution.metering import metered
from crosscal.study.execution.stages.stage import Stage
from crosscal.study.execution.store import Store


def run_stage(stage: Stage, store: Store) -> bool:
    """Run a stage unless its artifact is there; returns whether it had to run.

    Raises
    ------
    CrosscalError
        Whatever went wrong in the stage; what it had done so far is kept.
    """
    folder = store.folder(*stage.node)
    with locked(folder):
        if folder.is_dir():
            return False
        inputs = {role: store.open(*node) for role, node in stage.inputs.items()}
        details: dict[str, Any] = {"kind": stage.kind, "title": stage.title, "key": stage.key}
        spent = store.seconds_spent(*stage.node)
        with building(folder, details, resume=stage.key) as scratch, metered(details, before=spent):
            progress = store.progress_writer(*stage.node)
            with memory_errors(stage.title):
                details.update(run_on_devices(stage, scratch, inputs, progress))
            details["processes"] = stage.devices
        with suppress(OSError):  # a note for people, of a stage that is done
            store.progress_file(*stage.node).unlink(missing_ok=True)
    return True


def stage_outcome(stage: Stage, store: Store) -> bool | CrosscalError:
    """Run a stage where errors would come back as text: one of crosscal's comes back whole."""
    try:
        return run_stage(stage, store)
    except CrosscalError as error:
        return error
