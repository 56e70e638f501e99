"""Reliability diagrams of an evaluation: one panel a group."""

from __future__ import annotations

import math

from crosscal.calibration.evaluation.results import Evaluation, GroupResult
from crosscal.report.charts.reliability import CELL, CELL_HEIGHT, panel
from crosscal.report.evaluation_words import main_error
from crosscal.report.numbers import number
from crosscal.report.svg import Drawing, Figure, element, shorten

_WIDE_COLUMNS, _NARROW_COLUMNS = 5, 2

MOST = 60
"""Groups that are drawn at most."""


def diagram_figure(evaluation: Evaluation) -> Figure:
    """Draw accuracy against confidence, a panel a group, with the band of right confidences.

    Parameters
    ----------
    evaluation : Evaluation

    Returns
    -------
    Figure
        Of the first `MOST` groups; the baseline's curve is behind those of the others.
    """
    shown = dict(list(evaluation.groups.items())[:MOST])
    baseline = evaluation.settings.get("baseline")
    name = main_error(evaluation)
    bins = [each for result in shown.values() for each in result.reliability]
    outside = sum(not each.low <= each.accuracy <= each.high for each in bins)
    lowest = math.floor(10 * min(each.lower for each in bins) + 1e-9) / 10

    def draw(columns: int) -> Drawing:
        body = ""
        for i, (group, result) in enumerate(shown.items()):
            x, y = (i % columns) * CELL, (i // columns) * CELL_HEIGHT
            ghost = evaluation.groups[baseline].reliability if baseline else ()
            drawn = panel(
                result.reliability,
                ghost if group != baseline else (),
                name=shorten(group, 18),
                numbers=_numbers(result, name),
                style=0 if baseline in (None, group) else 1,
                start=min(lowest, 0.9),
                tallest=max(each.n for each in result.reliability),
            )
            body += element("g", drawn, transform=f"translate({x:g} {y:g})")
        used = min(columns, len(shown))
        height = math.ceil(len(shown) / columns) * CELL_HEIGHT
        return Drawing(width=max(used * CELL, 320.0), height=height, body=body)

    return Figure(
        name="reliability",
        kind="reliability",
        title="Reliability: accuracy by confidence, one panel a group",
        description=(
            f"{len(bins)} bins in {len(shown)} groups; in {outside} of them accuracy lies outside "
            "the band expected of right confidences. Points below the diagonal are overconfident."
        ),
        wide=draw(_WIDE_COLUMNS),
        narrow=draw(_NARROW_COLUMNS),
    )


def _numbers(result: GroupResult, name: str) -> list[str]:
    accuracy, nll, error = result.means["accuracy"], result.means["nll"], result.errors[name]
    first = f"acc {number(100 * (accuracy or 0))}"
    if nll is not None:
        first += f" · NLL {number(nll, digits=3)}"
    floor = error.noise_floor
    second = f"{name} {number(100 * error.value)}"
    return [first, second + ("" if floor is None else f" (floor {number(100 * floor)})")]
