"""All tasks by name: those of the package, those of plug-ins, those that were registered."""

from __future__ import annotations

from crosscal.exceptions import SettingsError
from crosscal.spelling import did_you_mean
from crosscal.tasks.catalogue.bitext_mining import BITEXT_MINING_TASKS
from crosscal.tasks.catalogue.multiple_choice import MULTIPLE_CHOICE_TASKS
from crosscal.tasks.catalogue.nli import NLI_TASKS
from crosscal.tasks.catalogue.paraphrase import PARAPHRASE_TASKS
from crosscal.tasks.catalogue.question_answering import QUESTION_ANSWERING_TASKS
from crosscal.tasks.catalogue.single_texts import SINGLE_TEXT_TASKS
from crosscal.tasks.catalogue.tagging import TAGGING_TASKS
from crosscal.tasks.description import Task
from crosscal.tasks.plugins import check_task, installed_tasks

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        *NLI_TASKS,
        *PARAPHRASE_TASKS,
        *SINGLE_TEXT_TASKS,
        *MULTIPLE_CHOICE_TASKS,
        *QUESTION_ANSWERING_TASKS,
        *TAGGING_TASKS,
        *BITEXT_MINING_TASKS,
    )
}
"""Those of the package and those registered; `all_tasks` adds what other packages bring."""


def register(task: Task) -> None:
    """Make a task known in this process; the same one again changes nothing.

    Raises
    ------
    SettingsError
        If another task has the name, or the description is not sound.
    """
    check_task(task, where=f"task '{task.name}'")
    known = TASKS.setdefault(task.name, task)
    if known != task:
        raise SettingsError(
            f"there is a task '{task.name}' already",
            where="tasks",
            remedy=f"Choose another name; that one is: {known.description}",
        )


def all_tasks() -> dict[str, Task]:
    """Return every task by name, those of installed plug-ins included.

    Raises
    ------
    SettingsError
        If a plug-in cannot be loaded, or brings a name that is taken.
    """
    for installed in installed_tasks():
        register(installed)
    return TASKS


def task(name: str) -> Task:
    """Return the task of a name, which may be that of a plug-in.

    Raises
    ------
    SettingsError
        If there is none; names the nearest. If a plug-in cannot be loaded.
    """
    if name in TASKS:
        return TASKS[name]
    known = all_tasks()
    if name not in known:
        raise SettingsError(
            f"unknown task '{name}'", where="task", remedy=did_you_mean(name, known)
        )
    return known[name]
