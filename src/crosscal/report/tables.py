"""The rows of the report's tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crosscal.analysis import Estimate, Results
from crosscal.analysis.results import METRIC, PARTS
from crosscal.report.charts.markers import colour_class, style_of
from crosscal.report.charts.order import blocks
from crosscal.report.findings import language_name

# Cells of the tables by language: quantity and metric of each.
_LEVELS = {
    metric: ("level", metric)
    for metric in ("accuracy", "nll", "brier", "confidence", "gap", "ece", "ece_debiased")
}
_PARTS = {
    "accuracy": ("degradation", "accuracy"),
    "degradation": ("degradation", METRIC),
    "explained": ("degradation", PARTS[METRIC][0]),
    "beyond": ("degradation", PARTS[METRIC][1]),
    "effect": ("effect", PARTS[METRIC][1]),
    "gap": ("degradation", "gap"),
    "gap_explained": ("degradation", PARTS["gap"][0]),
    "gap_beyond": ("degradation", PARTS["gap"][1]),
}


@dataclass(frozen=True, kw_only=True)
class RecipeRow:
    """One recipe in one language or group."""

    recipe: str
    colour: str
    cells: Mapping[str, Estimate]  # those of the table's columns that were computed


@dataclass(frozen=True, kw_only=True)
class LanguageSection:
    """The recipes of one language or group."""

    code: str
    name: str
    is_group: bool
    heading: str  # not empty where a block of languages begins
    rows: tuple[RecipeRow, ...]


@dataclass(frozen=True, kw_only=True)
class GroupRow:
    """What the answer rests on: one recipe in one group (or language, where there is no group)."""

    name: str
    first: int  # number of rows that share the name if this is the first of them, else 0
    recipe: str
    colour: str
    accuracy: Estimate | None
    nll: Estimate | None
    ece: Estimate | None
    # degradation, effect, scaled_degradation, scaled_effect: the latter two after the English
    # temperature
    degradation: Estimate | None
    effect: Estimate | None
    scaled_degradation: Estimate | None
    scaled_effect: Estimate | None


def level_sections(results: Results, scaling: str) -> list[LanguageSection]:
    """Return the table of levels by language and recipe."""
    return _sections(results, scaling, _LEVELS)


def part_sections(results: Results, scaling: str) -> list[LanguageSection]:
    """Return the table of what lower accuracy explains; empty if that was not computed."""
    if not results.find(metric=PARTS[METRIC][1], scaling=scaling):
        return []
    return _sections(results, scaling, _PARTS)


def _sections(
    results: Results, scaling: str, columns: Mapping[str, tuple[str, str]]
) -> list[LanguageSection]:
    wanted = [(results.baseline_language, False, "")]
    for block in blocks(results):
        heading = block.heading
        if block.group is not None:
            wanted.append((block.group, True, heading))
            heading = ""
        for code in block.languages:
            wanted.append((code, False, heading))
            heading = ""
    sections = []
    for key, is_group, heading in wanted:
        rows = _recipe_rows(results, key, is_group, scaling, columns)
        if rows:
            name = f"Mean of {len(_members(results, key))}" if is_group else language_name(key)
            sections.append(
                LanguageSection(code=key, name=name, is_group=is_group, heading=heading, rows=rows)
            )
    return sections


def _members(results: Results, group: str) -> list[str]:
    codes = results.groups.get(group, ())
    return [c for c in codes if c in results.languages and c != results.baseline_language]


def _recipe_rows(
    results: Results,
    key: str,
    is_group: bool,
    scaling: str,
    columns: Mapping[str, tuple[str, str]],
) -> tuple[RecipeRow, ...]:
    rows = []
    for recipe, style in style_of(results.recipes, results.baseline_recipe).items():
        found = {
            (e.quantity, e.metric): e
            for e in results.find(recipe=recipe, language=key, scaling=scaling)
            if e.is_group == is_group
        }
        cells = {name: found[which] for name, which in columns.items() if which in found}
        if cells:
            rows.append(RecipeRow(recipe=recipe, colour=colour_class(style), cells=cells))
    return tuple(rows)


def group_rows(results: Results) -> list[GroupRow]:
    """Return degradation and effect by group and recipe, or by language without groups."""
    keys = [b.group for b in blocks(results) if b.group is not None]
    names = {key: key[:1].upper() + key[1:] for key in keys}
    if not keys:
        names = {code: language_name(code) for b in blocks(results) for code in b.languages}
    rows = []
    for key, name in names.items():
        recipes = [
            (recipe, style)
            for recipe, style in style_of(results.recipes, results.baseline_recipe).items()
            if results.get("degradation", recipe, key) is not None
        ]
        for i, (recipe, style) in enumerate(recipes):
            rows.append(
                _group_row(
                    results,
                    key,
                    recipe,
                    name=name,
                    style=style,
                    first=len(recipes) if i == 0 else 0,
                )
            )
    return rows


def _group_row(
    results: Results, key: str, recipe: str, *, name: str, style: int, first: int
) -> GroupRow:
    def level(metric: str) -> Estimate | None:
        return results.get("level", recipe, key, metric=metric)

    def scaled(quantity: str) -> Estimate | None:
        return results.get(quantity, recipe, key, metric=METRIC, scaling="english")

    return GroupRow(
        name=name,
        first=first,
        recipe=recipe,
        colour=colour_class(style),
        accuracy=level("accuracy"),
        nll=level("nll"),
        ece=level(METRIC),
        degradation=results.get("degradation", recipe, key),
        effect=results.get("effect", recipe, key),
        scaled_degradation=scaled("degradation"),
        scaled_effect=scaled("effect"),
    )
