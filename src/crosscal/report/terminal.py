"""The results as a table for the terminal."""

from __future__ import annotations

import io
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from crosscal.analysis import Estimate, Results
from crosscal.report.answer import language_name, one
from crosscal.report.charts.marks import style_of
from crosscal.report.charts.order import blocks
from crosscal.report.numbers import interval, metric_number


@dataclass(frozen=True, kw_only=True)
class SummaryRow:
    """One recipe in one language or group.

    Attributes
    ----------
    language : str
        Code, or name of the group.
    name : str
        To show.
    is_group : bool
    recipe : str
    accuracy, nll, ece, ece_debiased : Estimate or None
        Levels as trained; `ece` has the noise floor.
    degradation, effect : Estimate or None
        Of the debiased calibration error.
    """

    language: str
    name: str
    is_group: bool
    recipe: str
    accuracy: Estimate | None
    nll: Estimate | None
    ece: Estimate | None
    ece_debiased: Estimate | None
    degradation: Estimate | None
    effect: Estimate | None


def summary_table(results: Results) -> list[SummaryRow]:
    """Return what a reader wants first: by language and group, for each recipe.

    Parameters
    ----------
    results : Results

    Returns
    -------
    list of SummaryRow
        The baseline language, then each group's mean followed by its languages.
    """
    base = results.baseline_language
    keys = [(base, language_name(base), False)]
    for block in blocks(results):
        if block.group is not None:
            keys.append((block.group, block.heading, True))
        keys += [(code, language_name(code), False) for code in block.languages]
    rows = []
    for key, name, is_group in keys:
        for recipe in style_of(results.recipes, results.baseline_recipe):
            row = SummaryRow(
                language=key,
                name=name,
                is_group=is_group,
                recipe=recipe,
                accuracy=one(results, "level", recipe, key, metric="accuracy"),
                nll=one(results, "level", recipe, key, metric="nll"),
                ece=one(results, "level", recipe, key, metric="ece"),
                ece_debiased=one(results, "level", recipe, key),
                degradation=one(results, "degradation", recipe, key),
                effect=one(results, "effect", recipe, key),
            )
            if any((row.accuracy, row.ece, row.degradation)):
                rows.append(row)
    return rows


def render_text_table(results: Results, *, width: int = 110) -> str:
    """Draw `summary_table` as plain text, aligned also where names are in wide characters.

    Parameters
    ----------
    results : Results
    width : int
        Columns of the terminal; long recipe names are folded, numbers never.

    Returns
    -------
    str
        Lines without control sequences.
    """
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    table.add_column("language", no_wrap=True)
    table.add_column("recipe", overflow="fold")
    for heading in ("acc %", "NLL", "ECE % (floor)", "degradation", "effect of recipe"):
        table.add_column(heading, justify="right", no_wrap=True)
    previous = None
    for row in summary_table(results):
        if previous is not None and (row.is_group and row.language != previous):
            table.add_section()
        # Text, not str: a name such as [red] is shown, not obeyed.
        table.add_row(
            Text(row.name if row.language != previous else ""),
            Text(row.recipe),
            _value(row.accuracy),
            _value(row.nll),
            _with_floor(row.ece),
            _with_interval(row.degradation),
            _with_interval(row.effect),
        )
        previous = row.language
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None, force_terminal=False).print(table)
    lines = (line.rstrip() for line in stream.getvalue().splitlines())
    return "\n".join(lines) + "\n"


def _value(estimate: Estimate | None) -> str:
    return "" if estimate is None else metric_number(estimate.value, estimate.metric)


def _with_floor(estimate: Estimate | None) -> str:
    if estimate is None or estimate.noise_floor is None:
        return _value(estimate)
    return f"{_value(estimate)} ({metric_number(estimate.noise_floor, estimate.metric)})"


def _with_interval(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    value = metric_number(estimate.value, estimate.metric, signed=True)
    return f"{value} ({interval(estimate, signed=True)})"
