"""What is measured: descriptions of tasks, and pure functions for each family."""

from crosscal.tasks.classification import MOST_ORDERED, permuted_labels
from crosscal.tasks.description import Task
from crosscal.tasks.ensembling import mean_scores
from crosscal.tasks.families import FAMILIES
from crosscal.tasks.family import Family, Limits, Scored
from crosscal.tasks.plugins import load_tasks
from crosscal.tasks.registry import TASKS, all_tasks, register, task
from crosscal.tasks.tokens import TokenSet

__all__ = [
    "FAMILIES",
    "MOST_ORDERED",
    "TASKS",
    "Family",
    "Limits",
    "Scored",
    "Task",
    "TokenSet",
    "all_tasks",
    "load_tasks",
    "mean_scores",
    "permuted_labels",
    "register",
    "task",
]
