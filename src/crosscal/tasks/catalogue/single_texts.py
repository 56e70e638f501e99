"""Tasks on single texts."""

from __future__ import annotations

from crosscal.tasks.description import Task

SINGLE_TEXT_TASKS = (
    Task(
        name="mini-sentiment",
        family="classification",
        texts=1,
        labels=("negative", "positive"),
        description="Is the opinion good? (built in)",
        licence="CC0-1.0",
        citation="Part of crosscal",
        languages=("en",),
        splits=("train", "dev"),
        formats=("mini-sentiment",),
    ),
)
