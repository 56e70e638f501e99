"""A study of several targets at a glance: recipes by targets, as a table and as files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Column, Table

from crosscal.artifacts import write_aside
from crosscal.calibration.statistics.crossed_seeds import ONE_SEED
from crosscal.cli.screen import ANY_WIDTH, open_console, show
from crosscal.report.numbers import number
from crosscal.study.config.settings import Study
from crosscal.study.results.averages import xtreme_averages
from crosscal.study.results.score_estimates import BASELINE
from crosscal.study.results.scores import (
    GAINS,
    SCORES,
    Cell,
    ScoreRow,
    best_recipes,
    collapse_rates,
)


def write_scores(
    study: Study, rows: Sequence[ScoreRow], cells: Sequence[Cell], folder: Path
) -> None:
    """Write all scores as ``scores.json`` and ``scores.csv``, the cells as ``matrix.*``."""
    scores = [row.to_dict() for row in rows]
    write_aside(folder / "scores.json", json.dumps(scores, indent=1).encode())
    document = {
        "cells": [cell.to_dict() for cell in cells],
        "best": {
            "english_development": best_recipes(cells),
            "test": best_recipes(cells, by="official"),
        },
        "averages": xtreme_averages(study, cells),
        "level": study.analysis.level,
        "gains_over": BASELINE,
        "collapse_rates": {
            recipe: {"collapsed": collapsed, "runs": runs}
            for recipe, (collapsed, runs) in collapse_rates(cells).items()
        },
    }
    write_aside(folder / "matrix.json", json.dumps(document, indent=1).encode())
    flat = [line for row in scores for line in _metric_lines(row)]
    write_aside(folder / "scores.csv", _csv(flat))
    write_aside(folder / "matrix.csv", _csv([_flat_cell(cell) for cell in cells]))


def _metric_lines(row: Mapping[str, Any]) -> list[dict[str, object]]:
    """Return a line for each metric; those that no figure is made of have no interval."""
    lines = []
    for kind in ("official", "sound", "oracle"):
        known = row["metric_intervals"].get(kind, {})
        for metric, value in row["score"][kind].items():
            low, high = known.get(metric, (None, None))
            about = {name: row[name] for name in ("target", "recipe", "seed", "split", "language")}
            what = {"kind": kind, "metric": metric, "value": value, "n": row["score"]["n"]}
            lines.append({**about, **what, "low": low, "high": high})
    return lines


def _flat_cell(cell: Cell) -> dict[str, object]:
    """Return a cell as one line, the same columns in all."""
    document = cell.to_dict()
    estimates, gains = document.pop("estimates"), document.pop("gains")
    for name in SCORES:
        for end in ("low", "high"):
            document[f"{name}_{end}"] = estimates.get(name, {}).get(end)
    document["seed_variance"] = estimates.get(GAINS[0], {}).get("seed_variance")
    for name in GAINS:
        gain = gains.get(name, {})
        document[f"{name}_gain"] = gain.get("value")
        for key in ("low", "high", "p_value", "seed_variance"):
            document[f"{name}_gain_{key}"] = gain.get(key)
    return document


def _csv(rows: Sequence[dict[str, object]]) -> bytes:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def print_matrix(study: Study, cells: Sequence[Cell]) -> None:
    """Print recipes by targets: official / sound figure and calibration error, in per cent.

    Then the gain of each recipe over the baseline. Below, averages over XTREME's tasks and their
    gains, if the study has a whole group of them.
    """
    _print_whole(_matrix(cells))
    if any(cell.gains for cell in cells):
        _print_whole(_gains(cells, study.analysis.level))
    averages = xtreme_averages(study, cells)
    if groups := list(averages["best"]["test"]):
        _print_whole(_averages(averages, groups, study.analysis.level))
        if any(averages["gains"]["recipes"].values()):
            _print_whole(_average_gains(averages, groups, study.analysis.level))


def _print_whole(table: Table) -> None:
    show(table, open_console(elsewhere=ANY_WIDTH))


def _matrix(cells: Sequence[Cell]) -> Table:
    targets = _targets(cells)
    by_pair = {(cell.recipe, cell.target): cell for cell in cells}
    best, optimistic = best_recipes(cells), best_recipes(cells, by="official")
    rates = collapse_rates(cells)
    table = Table(
        "recipe",
        *_numbers(*targets, "learnt nothing"),
        title="official score / sound score, calibration error: per cent, mean over languages",
        caption="* best on English development data  ‡ best by this score itself, near to the "
        "paper's way: optimistic  † a run learnt nothing; last column: of runs with English "
        "development data, which show it",
    )
    for recipe in _recipes(cells):
        words = [recipe]
        for target in targets:
            cell = by_pair.get((recipe, target))
            marks = " *" * (best.get(target) == recipe) + " ‡" * (optimistic[target] == recipe)
            words.append("" if cell is None else _words(cell, marks))
        collapsed, runs = rates[recipe]
        table.add_row(*words, f"{collapsed} of {runs}" if runs else "")
    return table


def _gains(cells: Sequence[Cell], level: float) -> Table:
    targets = _targets(cells)
    gains = {
        (cell.recipe, cell.target): cell.gains["official"].to_dict() for cell in cells if cell.gains
    }
    expected = len(gains) * (1 - level)
    models = " and trainings did not differ" if _of_whom(gains.values()) else ""
    table = Table(
        "recipe",
        *_numbers(*targets),
        title=f"gain over {BASELINE}: official score, percentage points, {_percent(level)}"
        + _of_whom(gains.values()),
        caption=f"if no recipe changed anything{models}, about {expected:.{int(expected < 1)}f} of "
        f"these {len(gains)} intervals would leave 0 out",
    )
    for recipe in _recipes(cells):
        if recipe != BASELINE:
            table.add_row(recipe, *(_gain(gains.get((recipe, target))) for target in targets))
    return table


def _averages(averages: Mapping[str, Any], groups: Sequence[str], level: float) -> Table:
    intervals = averages["intervals"]
    about = _all_of(intervals)
    title = "XTREME: official score, per cent, mean over tasks"
    title += f", {_percent(level)}{_of_whom(about)}" if about else ""
    table = _group_table(title, groups)
    for name, values, known in _by_choice(averages, intervals):
        table.add_row(name, *(_average(values[group], known.get(group)) for group in groups))
    return table


def _average_gains(averages: Mapping[str, Any], groups: Sequence[str], level: float) -> Table:
    gains = averages["gains"]
    title = f"XTREME: gain over {BASELINE}, percentage points, {_percent(level)}"
    table = _group_table(title + _of_whom(_all_of(gains)), groups)
    table.caption = (
        "each target's * and ‡: the choice is taken as given, so ‡ is optimistic here too"
    )
    for name, _, known in _by_choice(averages, gains):
        if known:
            table.add_row(name, *(_gain(known.get(group)) for group in groups))
    return table


def _group_table(title: str, groups: Sequence[str]) -> Table:
    table = Table("recipe", title=title)
    for group in groups:
        table.add_column(group, justify="right", no_wrap=True)
    return table


def _all_of(estimates: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for by_group in estimates["recipes"].values() for each in by_group.values()]


def _by_choice(
    averages: Mapping[str, Any], estimates: Mapping[str, Any]
) -> list[tuple[str, dict[str, float], dict[str, Any]]]:
    """Return name, averages and estimates of each recipe, then of each target's best ones."""
    best = (("each target's *", "english_development"), ("each target's ‡", "test"))
    return [
        *(
            (recipe, values, estimates["recipes"].get(recipe, {}))
            for recipe, values in averages["recipes"].items()
        ),
        *((name, averages["best"][kind], estimates["best"].get(kind, {})) for name, kind in best),
    ]


def _numbers(*headings: str) -> list[Column]:
    return [Column(heading, no_wrap=True) for heading in headings]


def _targets(cells: Sequence[Cell]) -> list[str]:
    return list(dict.fromkeys(cell.target for cell in cells))


def _recipes(cells: Sequence[Cell]) -> list[str]:
    return list(dict.fromkeys(cell.recipe for cell in cells))


def _words(cell: Cell, marks: str) -> str:
    learnt = " †" * (cell.collapsed > 0)
    return (
        f"{100 * cell.official:.1f} / {100 * cell.sound:.1f}, {100 * cell.ece:.1f}{marks}{learnt}"
    )


def _average(value: float, known: Mapping[str, Any] | None) -> str:
    shown = number(100 * value)
    return shown if known is None else f"{shown} ({_ends(known)})"


def _gain(known: Mapping[str, Any] | None) -> str:
    if known is None:
        return ""
    return f"{number(100 * known['value'], signed=True)} ({_ends(known)})"


def _ends(known: Mapping[str, Any]) -> str:
    return f"{number(100 * known['low'])} to {number(100 * known['high'])}"


def _percent(level: float) -> str:
    return f"{100 * level:g}\N{NO-BREAK SPACE}% interval"


def _of_whom(estimates: Iterable[Mapping[str, Any]]) -> str:
    """Say so where trainings were not repeated."""
    rules = {each["seed_variance"] for each in estimates}
    return ", of these very models" if rules == {ONE_SEED} else ""
