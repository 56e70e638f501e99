"""Reliability of an analysis, a panel a language, and of an evaluation, a panel a group."""

from __future__ import annotations

import re

from crosscal.analysis import Estimate, ReliabilityBin, Results
from crosscal.calibration.evaluation.results import Evaluation, GroupResult
from crosscal.report.charts import markers
from crosscal.report.charts.chart import Chart
from crosscal.report.charts.order import language_order
from crosscal.report.charts.reliability_diagram import DiagramPanel, describe, reliability_diagram
from crosscal.report.evaluation_words import main_error
from crosscal.report.findings import language_name
from crosscal.report.numbers import number

MOST_GROUPS = 60
"""Groups of an evaluation that are drawn at most."""


def reliability_figures(results: Results, scaling: str = "none") -> list[Chart]:
    """Draw one figure a recipe, the baseline's first; recipes without bins are left out."""
    rows = [b for b in results.reliability if b.scaling == scaling]
    styles = markers.style_of(results.recipes, results.baseline_recipe)
    names = file_names([r for r in styles if any(b.recipe == r for b in rows)])
    after = "" if scaling == "none" else "-after-temperature"
    moment = "" if scaling == "none" else ", after the English temperature"
    charts = []
    for recipe, stem in names.items():
        panels = _language_panels(results, rows, recipe, scaling, styles[recipe])
        charts.append(
            Chart(
                name=f"reliability-{stem}{after}",
                kind="reliability" if scaling == "none" else "reliability, scaled",
                recipe=recipe,
                title=(
                    f"Reliability under {recipe}{moment}: accuracy by confidence, "
                    "one panel a language"
                ),
                description=f"{describe(panels, 'languages')} The numbers are in the data file "
                "of the same name.",
                draw=reliability_diagram(panels, results.baseline_recipe),
            )
        )
    return charts


def evaluation_figure(evaluation: Evaluation) -> Chart:
    """Draw one panel a group, of the first `MOST_GROUPS`."""
    baseline = evaluation.settings.get("baseline")
    reference = evaluation.groups[baseline].reliability if baseline else ()
    name = main_error(evaluation)
    panels = [
        DiagramPanel(
            name=group,
            numbers=_group_numbers(result, name),
            bins=result.reliability,
            reference=() if group == baseline else reference,
            style=0 if baseline in (None, group) else 1,
            tallest=max(b.n for b in result.reliability),
        )
        for group, result in list(evaluation.groups.items())[:MOST_GROUPS]
    ]
    return Chart(
        name="reliability",
        kind="reliability",
        title="Reliability: accuracy by confidence, one panel a group",
        description=describe(panels, "groups"),
        draw=reliability_diagram(panels, baseline or ""),
    )


def file_names(recipes: list[str]) -> dict[str, str]:
    """Return for each recipe a part of a file name: plain letters and digits, all different."""
    taken: dict[str, str] = {}
    for i, recipe in enumerate(recipes):
        stem = re.sub(r"[^a-z0-9]+", "-", recipe.lower()).strip("-")[:40]
        plain = stem and stem not in taken.values()
        taken[recipe] = stem if plain else f"{stem or 'recipe'}-{i}"
    return taken


def _language_panels(
    results: Results, rows: list[ReliabilityBin], recipe: str, scaling: str, style: int
) -> list[DiagramPanel]:
    own, baseline = _by_language(rows, recipe), _by_language(rows, results.baseline_recipe)
    tallest = max(b.n for b in rows)
    return [
        DiagramPanel(
            name=language_name(code),
            numbers=_language_numbers(results, recipe, code, scaling),
            bins=own[code],
            reference=baseline.get(code, ()) if recipe != results.baseline_recipe else (),
            style=style,
            tallest=tallest,
        )
        for code in language_order(results)
        if code in own
    ]


def _by_language(rows: list[ReliabilityBin], recipe: str) -> dict[str, list[ReliabilityBin]]:
    bins: dict[str, list[ReliabilityBin]] = {}
    for row in rows:
        if row.recipe == recipe:
            bins.setdefault(row.language, []).append(row)
    return {code: sorted(each, key=lambda b: b.index) for code, each in bins.items()}


def _language_numbers(results: Results, recipe: str, code: str, scaling: str) -> tuple[str, str]:
    accuracy, nll, ece = (
        results.get("level", recipe, code, metric=metric, scaling=scaling, is_group=False)
        for metric in ("accuracy", "nll", "ece")
    )
    floor = None if ece is None else ece.noise_floor
    return _numbers(_value(accuracy), _value(nll), "ECE", _value(ece), floor)


def _value(estimate: Estimate | None) -> float | None:
    return None if estimate is None else estimate.value


def _group_numbers(result: GroupResult, name: str) -> tuple[str, str]:
    error = result.errors[name]
    means = result.means["accuracy"] or 0.0, result.means["nll"]
    return _numbers(*means, name, error.value, error.noise_floor)


def _numbers(
    accuracy: float | None,
    nll: float | None,
    name: str,
    error: float | None,
    floor: float | None,
) -> tuple[str, str]:
    """Return accuracy and NLL, and the calibration error with its noise floor, as two lines."""
    first = [] if accuracy is None else [f"acc {number(100 * accuracy)}"]
    first += [] if nll is None else [f"NLL {number(nll, digits=3)}"]
    second = [] if error is None else [f"{name} {number(100 * error)}"]
    second += [] if floor is None else [f"(floor {number(100 * floor)})"]
    return " · ".join(first), " ".join(second)
