"""The results as a table for the terminal."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from crosscal.analysis import Estimate, Results
from crosscal.report.characters import clean
from crosscal.report.charts.markers import style_of
from crosscal.report.charts.order import blocks
from crosscal.report.findings import language_name, unmatched_runs
from crosscal.report.numbers import interval, metric_number
from crosscal.report.tables import part_sections
from crosscal.report.terminal.fitting import fitting_tables, natural_width

_HEADINGS = (
    "language", "recipe", "acc %", "NLL", "ECE % (floor)", "degradation", "effect of recipe"
)  # fmt: skip
_PART_HEADINGS = ("degradation in", "recipe", "whole", "explained by accuracy", "beyond accuracy")
_NAMES = 2  # columns that name a row


@dataclass(frozen=True, kw_only=True)
class SummaryRow:
    """One recipe in one language or group."""

    language: str  # code, or name of the group
    name: str  # to show
    is_group: bool
    recipe: str
    # accuracy, nll, ece, ece_debiased: levels as trained; `ece` has the noise floor
    accuracy: Estimate | None
    nll: Estimate | None
    ece: Estimate | None
    ece_debiased: Estimate | None
    # degradation, effect: of the debiased calibration error
    degradation: Estimate | None
    effect: Estimate | None


def summary_table(results: Results) -> list[SummaryRow]:
    """Return what a reader wants first: the baseline language, then groups and their languages."""
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
                accuracy=results.get("level", recipe, key, metric="accuracy"),
                nll=results.get("level", recipe, key, metric="nll"),
                ece=results.get("level", recipe, key, metric="ece"),
                ece_debiased=results.get("level", recipe, key),
                degradation=results.get("degradation", recipe, key),
                effect=results.get("effect", recipe, key),
            )
            if any((row.accuracy, row.ece, row.degradation)):
                rows.append(row)
    return rows


def render_text_table(results: Results, *, width: int = 120) -> str:
    """Draw `summary_table`, and what lower accuracy explains, as plain text.

    Columns are aligned also where names are in wide characters. `width` is of the terminal, in
    cells: long names are folded to fit, and columns for which there is no room follow below.
    """
    text = _drawn(_HEADINGS, _cells(results), width)
    parts, unmatched = _part_cells(results), unmatched_runs(results)
    if parts:
        text += "\n" + _drawn(_PART_HEADINGS, parts, width)
    return f"{text}\n{unmatched}\n" if unmatched else text


def _drawn(headings: tuple[str, ...], rows: list[tuple[list[Text], bool]], width: int) -> str:
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    for number, heading in enumerate(headings):
        names = number < _NAMES
        table.add_column(heading, justify="left" if names else "right", no_wrap=not names)
    for cells, begins_group in rows:
        if begins_group:
            table.add_section()
        table.add_row(*cells)
    stream = io.StringIO()
    for part in fitting_tables(table, width):
        needed = natural_width(part)
        Console(file=stream, width=needed, color_system=None, force_terminal=False).print(part)
        stream.write("\n")
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    return "\n".join(lines[:-1]) + "\n"


def _cells(results: Results) -> list[tuple[list[Text], bool]]:
    """Return the cells of each row, and whether a group begins with it."""
    found, previous = [], None
    for row in summary_table(results):
        cells = _texts(
            (
                row.name if row.language != previous else "",
                row.recipe,
                _value(row.accuracy),
                _value(row.nll),
                _with_floor(row.ece),
                _with_interval(row.degradation),
                _with_interval(row.effect),
            )
        )
        begins_group = previous is not None and row.is_group and row.language != previous
        found.append((cells, begins_group))
        previous = row.language
    return found


def _part_cells(results: Results) -> list[tuple[list[Text], bool]]:
    """Return the rows of the groups; of the languages, where there is no group."""
    sections = part_sections(results, "none")
    found: list[tuple[list[Text], bool]] = []
    for section in [s for s in sections if s.is_group] or sections:
        name = section.code if section.is_group else section.name
        for number, row in enumerate(section.rows):
            parts = (row.cells.get(key) for key in ("degradation", "explained", "beyond"))
            cells = (name if number == 0 else "", row.recipe, *map(_with_interval, parts))
            found.append((_texts(cells), section.is_group and number == 0 and bool(found)))
    return found


def _texts(words: Iterable[str]) -> list[Text]:
    # Text, not str: a name such as [red] is shown, not obeyed.
    return [Text(clean(w)) for w in words]


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
    return f"{value} ({interval(estimate)})"
