"""What is measured: descriptions of tasks, and pure functions for each family."""

from crosscal.tasks.description import Task
from crosscal.tasks.families.ensembling import mean_scores
from crosscal.tasks.families.families import FAMILIES
from crosscal.tasks.families.family import Family, InputLimits, Scored
from crosscal.tasks.families.tokens import EncodedDataset
from crosscal.tasks.plugins import load_tasks, read_tasks
from crosscal.tasks.registry import TASKS, all_tasks, register, task

__all__ = [
    "FAMILIES",
    "TASKS",
    "EncodedDataset",
    "Family",
    "InputLimits",
    "Scored",
    "Task",
    "all_tasks",
    "load_tasks",
    "mean_scores",
    "read_tasks",
    "register",
    "task",
]
