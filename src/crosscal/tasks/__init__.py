"""What is measured: descriptions of tasks, and pure functions for each family."""

from crosscal.tasks.classification import MOST_ORDERED, gold, model_input, permuted_labels
from crosscal.tasks.description import Task
from crosscal.tasks.registry import TASKS, task

__all__ = ["MOST_ORDERED", "TASKS", "Task", "gold", "model_input", "permuted_labels", "task"]
