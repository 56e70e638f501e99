"""An evaluation as one HTML file that needs no other and no network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crosscal.artifacts import disk_errors, write_aside
from crosscal.calibration.evaluation.results import Evaluation
from crosscal.report.charts.reliability import MOST_GROUPS, evaluation_figure
from crosscal.report.evaluation_words import DEFINITIONS, main_error, sentences
from crosscal.report.html import draw, environment
from crosscal.report.numbers import number


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
        "differences": [
            d for d in evaluation.differences if d.measure in ("accuracy", "nll", "gap", name)
        ],
        "recalibration": evaluation.recalibration,
        "level": f"{100 * float(evaluation.settings['level']):g}\N{NO-BREAK SPACE}%",
        "settings": {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in evaluation.settings.items()
        },
    }
