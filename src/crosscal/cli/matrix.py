"""A study of several targets at a glance: recipes by targets, as a table and as files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from crosscal.artifacts import write_aside
from crosscal.study.config.settings import Study
from crosscal.study.results.averages import xtreme_averages
from crosscal.study.results.scores import Cell, ScoreRow, best_recipes


def write_scores(
    study: Study, rows: Sequence[ScoreRow], cells: Sequence[Cell], folder: Path
) -> None:
    """Write all scores as ``scores.json`` and ``scores.csv``, the cells as ``matrix.*``."""
    matrix = [asdict(cell) for cell in cells]
    scores = [asdict(row) for row in rows]
    best = {"english_development": best_recipes(cells), "test": best_recipes(cells, by="official")}
    write_aside(folder / "scores.json", json.dumps(scores, indent=1).encode())
    document = {"cells": matrix, "best": best, "averages": xtreme_averages(study, cells)}
    write_aside(folder / "matrix.json", json.dumps(document, indent=1).encode())
    flat = [
        {
            **{name: row[name] for name in ("target", "recipe", "seed", "split", "language")},
            "kind": kind,
            "metric": metric,
            "value": value,
            "n": row["score"]["n"],
        }
        for row in scores
        for kind in ("official", "sound", "oracle")
        for metric, value in row["score"][kind].items()
    ]
    write_aside(folder / "scores.csv", _csv(flat, list(flat[0])))
    write_aside(folder / "matrix.csv", _csv(matrix, [field.name for field in fields(Cell)]))


def _csv(rows: Sequence[dict[str, object]], names: Sequence[str]) -> bytes:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def print_matrix(study: Study, cells: Sequence[Cell]) -> None:
    """Print recipes by targets: official / sound figure and calibration error, in per cent.

    Below, averages over XTREME's tasks, if the study has a whole group of them.
    """
    targets = list(dict.fromkeys(cell.target for cell in cells))
    by_pair = {(cell.recipe, cell.target): cell for cell in cells}
    best, optimistic = best_recipes(cells), best_recipes(cells, by="official")
    table = Table(
        "recipe",
        *targets,
        title="official score / sound score, calibration error: per cent, mean over languages",
        caption="* best on English development data  ‡ best by this score itself, near to the "
        "paper's way: optimistic  † a run learnt nothing",
    )
    for recipe in dict.fromkeys(cell.recipe for cell in cells):
        words = [recipe]
        for target in targets:
            cell = by_pair.get((recipe, target))
            marks = " *" * (best.get(target) == recipe) + " ‡" * (optimistic[target] == recipe)
            words.append("" if cell is None else _words(cell, marks))
        table.add_row(*words)
    # A table of nine targets must not be cut: a reader can scroll, not guess.
    console = Console(width=max(Console().width, 24 + 25 * len(targets)))
    console.print(table)
    averages = xtreme_averages(study, cells)
    if groups := list(averages["best"]["test"]):
        console.print(_averages(averages, groups))


def _averages(averages: dict[str, Any], groups: Sequence[str]) -> Table:
    table = Table("recipe", title="XTREME: official score, per cent, mean over tasks")
    for group in groups:
        table.add_column(group, justify="right")
    rows = {
        **averages["recipes"],
        "each target's *": averages["best"]["english_development"],
        "each target's ‡": averages["best"]["test"],
    }
    for name, values in rows.items():
        table.add_row(name, *(f"{100 * values[group]:.1f}" for group in groups))
    return table


def _words(cell: Cell, marks: str) -> str:
    learnt = " †" * (cell.collapsed > 0)
    return (
        f"{100 * cell.official:.1f} / {100 * cell.sound:.1f}, {100 * cell.ece:.1f}{marks}{learnt}"
    )
