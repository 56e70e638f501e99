"""All tasks by name."""

from __future__ import annotations

from crosscal.errors import SettingsError
from crosscal.spelling import did_you_mean
from crosscal.tasks.description import Task
from crosscal.tasks.pairs import PAIR_TASKS

TASKS: dict[str, Task] = {task.name: task for task in PAIR_TASKS}


def task(name: str) -> Task:
    """Return the task of a name.

    Parameters
    ----------
    name : str
        A key of `TASKS`.

    Returns
    -------
    Task
        Its description.

    Raises
    ------
    SettingsError
        If there is none; names the nearest.
    """
    if name not in TASKS:
        raise SettingsError(
            f"unknown task '{name}'", where="task", remedy=did_you_mean(name, TASKS)
        )
    return TASKS[name]
