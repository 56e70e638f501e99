"""An evaluation as one HTML file that needs no other and no network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crosscal.artifacts import disk_errors, write_aside
from crosscal.calibration.evaluation.results import Difference, Evaluation, FitResult
from crosscal.report.charts.reliability import MOST_GROUPS, evaluation_figure
from crosscal.report.evaluation_words import DEFINITIONS, main_error, sentences
from crosscal.report.fitted_parameters import fitted_parameters
from crosscal.report.html import draw, environment
from crosscal.report.numbers import number

# Of a long parameter, before the rest is unfolded.
_MOST_NUMBERS = 8


def write_evaluation(
    evaluation: Evaluation, path: Path, *, title: str, notes: Sequence[str] = ()
) -> None:
    """Write the page; `notes` tell how the files were read."""
    templates = environment()
    templates.filters |= {"percent": percent, "plain": plain, "p": p_value}
    content = _content(evaluation, title, notes)
    page = templates.get_template("evaluation.html").render(**content)
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_aside(path, page.encode())


def evaluation_cell(evaluation: Evaluation, notes: Sequence[str]) -> str:
    """Return groups and sentences as HTML without a style of its own, for notebooks."""
    templates = environment()
    templates.filters |= {"percent": percent, "plain": plain, "p": p_value}
    return templates.get_template("evaluation_cell.html").render(
        groups=evaluation.groups,
        settings=evaluation.settings,
        main=main_error(evaluation),
        sentences=sentences(evaluation),
        notes=list(notes),
    )


def percent(value: float | None, *, signed: bool = False) -> str:
    """Write a fraction as per cent, or a dash for None."""
    return "–" if value is None else number(100 * value, signed=signed)


def plain(value: float | None, *, signed: bool = False) -> str:
    """Write a number with three decimals, or a dash for None."""
    return "–" if value is None else number(value, digits=3, signed=signed)


def p_value(value: float | None) -> str:
    """Write a p-value, or a dash for None."""
    if value is None:
        return "–"
    return f"{value:.3f}" if value >= 0.001 else f"{value:.1e}"


def _content(evaluation: Evaluation, title: str, notes: Sequence[str]) -> dict[str, Any]:
    figure = evaluation_figure(evaluation)
    name = main_error(evaluation)
    names = list(dict.fromkeys(e for g in evaluation.groups.values() for e in g.errors))
    return {
        "title": title,
        "sentences": sentences(evaluation),
        "notes": list(notes),
        "groups": evaluation.groups,
        "main": name,
        "names": names,
        "definitions": {each: DEFINITIONS.get(each, "") for each in names},
        "figure": figure,
        "drawing": draw([figure], files=False).get(figure.name),
        "not_drawn": max(0, len(evaluation.groups) - MOST_GROUPS),
        "baseline": evaluation.settings["baseline"],
        "differences": _by_group(evaluation, name),
        "recalibration": evaluation.recalibration,
        "fits": [(fit, _parameters(fit, evaluation)) for fit in evaluation.fits],
        "accepted": evaluation.accepted,
        "needed": evaluation.needed,
        "level": f"{100 * float(evaluation.settings['level']):g}\N{NO-BREAK SPACE}%",
        "settings": {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in evaluation.settings.items()
        },
    }


def _by_group(evaluation: Evaluation, name: str) -> dict[str, Any]:
    """Return the differences that are shown: one row a group, a column a measure."""
    rows: dict[str, dict[str, Difference]] = {}
    units = {name: "points", "accuracy": "points", "gap": "points", "nll": "nats"}
    for difference in evaluation.differences:
        if difference.measure in units:
            rows.setdefault(difference.group, {})[difference.measure] = difference
    return {"columns": list(units.items()), "rows": {g: r for g, r in rows.items() if name in r}}


def _parameters(fit: FitResult, evaluation: Evaluation) -> list[tuple[str, str, str]]:
    """Return the name of each parameter, its value in short, and all of it."""
    classes = evaluation.settings["classes"]
    short = fitted_parameters(fit, classes, most=_MOST_NUMBERS)
    whole = fitted_parameters(fit, classes)
    return [(name, few, every) for (name, few), (_, every) in zip(short, whole, strict=True)]
