"""What was aimed at, and whether it is met; the tables that are printed at the end."""

from __future__ import annotations

from typing import Any

import accuracy
from pairs import Figures
from record import number, words

PACKAGED, LARGE, ACCURACY, SHARED = "packaged", "large", "accuracy", "two processes"
LAUNCHES = "launches, 1536 tokens"
PREDICTION, SPEED = "crosscal, prediction", "examples_per_second"
# In words, the part, what of crosscal (the best of it), what of the peer (the best of it, None: 1).
GOALS = (
    ("1,536 tokens against the Trainer's 32 pairs, packaged", PACKAGED,
     "crosscal, 1536 tokens", "Trainer, batches of 32", 8.0),
    ("1,536 tokens against the Trainer's 32 pairs, Large's shape", LARGE,
     "crosscal, 1536 tokens", "Trainer, batches of 32", 6.0),
    ("pairs/s of training at the best size, packaged", PACKAGED, "crosscal, ", None, 7400.0),
    ("pairs/s of training at the best size, Large's shape", LARGE, "crosscal, ", None, 2200.0),
    ("prediction from text against the pipeline, packaged", PACKAGED, PREDICTION, "pipeline", 10.0),
    ("prediction from text against the pipeline, Large's shape", LARGE, PREDICTION, "pipeline",
     10.0),
)  # fmt: skip


def best(found: dict[str, Figures], start: str, figure: str = SPEED) -> float | None:
    """Return the largest figure of what was measured under names that begin so."""
    values = [
        figures[figure]
        for name, figures in found.items()
        if name.startswith(start)
        and figure in figures
        and (start == PREDICTION or name != PREDICTION)
    ]
    return max(values, default=None)


def reached(found: dict[str, Figures], ours: str, peer: str | None) -> float | None:
    """Return the speed, or how many times the peer's it is; None if one was not measured."""
    speed, other = best(found, ours), 1.0 if peer is None else best(found, peer)
    return None if speed is None or other is None else speed / other


def goal_lines(record: dict[str, Any]) -> list[str]:
    """Return a line for each goal. They are those of a GPU at full size, and of nothing less."""
    lines = []
    for title, part, ours, peer, least in GOALS:
        value = None
        if record["device"] not in ("no GPU", "not known") and not record["rehearsal"]:
            value = reached(record["found"].get(part, {}), ours, peer)
        times = "x" if peer else ""
        verdict = (
            "not measured"
            if value is None
            else f"{number(value)}{times}, {'met' if value >= least else 'missed'}"
        )
        lines.append(f"{title}, at least {number(least)}{times}: {verdict}")
    return lines


def launch_lines(found: dict[str, dict[str, Figures]]) -> list[str]:
    """Say whether steps are a graph, and whether it would pay if they were."""
    lines = ["steps are eager; no graph is captured"]
    for part in (PACKAGED, LARGE):
        figures = found.get(part, {}).get(LAUNCHES, {})
        if "busy_share" in figures:
            idle = 1.0 - figures["busy_share"]
            lines.append(
                f"{part}: the device is busy {figures['busy_milliseconds_a_step']:.2f} of "
                f"{figures['milliseconds_a_step']:.2f} ms of a step of 1,536 tokens "
                f"({figures['kernels_a_step']:.0f} kernels); a graph could save {idle:.0%} at most"
            )
        else:
            lines.append(f"{part}: {reason(figures)}")
    return lines


def reason(figures: Figures) -> str:
    """Say why something has no figures; nothing if it has."""
    if "left out" in figures:
        return f"left out: {figures['left out']}"
    if "error" in figures:
        return f"failed: {figures['error']}"
    return "" if figures else "not measured"


def report(record: dict[str, Any]) -> str:
    """Return everything as tables of text."""
    found = record["found"]
    sections = []
    for part in (PACKAGED, LARGE):
        rows = [
            f"{name}: {reason(figures) or words(figures)}"
            for name, figures in found.get(part, {}).items()
        ]
        sections.append((f"speed, {part}", rows or ["not measured"]))
    shared = next(iter(found.get(SHARED, {}).values()), {})
    sections += [
        ("accuracy after one epoch", accuracy.table(found.get(ACCURACY, {}))),
        ("one process and two", [reason(shared) or words(shared)]),
        ("launches", launch_lines(found)),
        ("goals", goal_lines(record)),
    ]
    failed = [
        f"{part}: {name}: {figures['error']}"
        for part, of_part in found.items()
        for name, figures in of_part.items()
        if "error" in figures
    ]
    sections.append(("what failed", failed or ["nothing"]))
    return "\n".join("\n".join([f"== {title}", *rows]) for title, rows in sections)
