"""The rows of the table of recalibration regimes, and its data as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from statistics import median

from crosscal.analysis.recalibration_transfer import RegimeEstimate, RegimeResults
from crosscal.analysis.results import METRIC
from crosscal.report.findings import language_name

WORDS = {
    "none": "none",
    "english": "fitted on {english}",
    "oracle": "fitted on the language itself",
    "mixture": "fitted on all languages, equal shares",
    "leave-one-out": "fitted on all other languages",
    "predicted": "predicted from features of the language",
    "unlabelled": "matched to predicted accuracy, no labels",
    "few-shot": "fitted on {k} examples",
    "few-shot-pooled": "fitted on {english} and {k} examples",
    "few-shot-prior": "{english} as prior, {k} examples",
}


@dataclass(frozen=True, kw_only=True)
class RegimeCells:
    """What one regime does in one language or group."""

    nll: RegimeEstimate | None
    gain: RegimeEstimate | None  # in NLL, over no recalibration
    further: RegimeEstimate | None  # over the baseline language's
    error: RegimeEstimate | None  # debiased ECE


@dataclass(frozen=True, kw_only=True)
class RegimeRow:
    """One regime of one recipe and recalibrator."""

    name: str
    temperature: float | None  # median over the languages
    cells: tuple[RegimeCells, ...]


@dataclass(frozen=True, kw_only=True)
class RegimeSection:
    """The regimes of one recipe and recalibrator."""

    recipe: str
    recalibrator: str
    rows: tuple[RegimeRow, ...]


def subjects(results: RegimeResults) -> list[tuple[str, bool]]:
    """Return the baseline language and the groups, or all languages where there are none."""
    base = (results.baseline_language, False)
    if results.groups:
        return [base, *((name, True) for name in results.groups)]
    return [(code, False) for code in results.languages]


def subject_names(results: RegimeResults) -> list[str]:
    """Return the headings of `subjects`."""
    return [
        name[:1].upper() + name[1:] if is_group else language_name(name)
        for name, is_group in subjects(results)
    ]


def regime_sections(results: RegimeResults) -> list[RegimeSection]:
    """Return the table of regimes: a section a recipe and recalibrator."""
    rows: dict[tuple[str, str], dict[tuple[str, int | None], dict[object, RegimeEstimate]]] = {}
    for e in results.estimates:
        cells = rows.setdefault((e.recipe, e.recalibrator), {}).setdefault((e.regime, e.k), {})
        cells[e.quantity, e.before, e.metric, e.language, e.is_group] = e
    shown = subjects(results)
    return [
        RegimeSection(
            recipe=recipe,
            recalibrator=recalibrator,
            rows=tuple(
                RegimeRow(
                    name=regime_name(results, regime, k),
                    temperature=_temperature(results, recipe, recalibrator, regime, k),
                    cells=tuple(_cells(cells, subject) for subject in shown),
                )
                for (regime, k), cells in regimes.items()
                # Without examples a few-shot regime repeats the row that it starts from.
                if k != 0
            ),
        )
        for (recipe, recalibrator), regimes in rows.items()
    ]


def regime_name(results: RegimeResults, regime: str, k: int | None) -> str:
    """Return what a regime is called in a table."""
    english = language_name(results.baseline_language)
    return WORDS[regime].format(english=english, k=f"{k:,}" if k is not None else "")


def _cells(cells: dict[object, RegimeEstimate], subject: tuple[str, bool]) -> RegimeCells:
    return RegimeCells(
        nll=cells.get(("level", None, "nll", *subject)),
        gain=cells.get(("gain", "none", "nll", *subject)),
        further=cells.get(("gain", "english", "nll", *subject)),
        error=cells.get(("level", None, METRIC, *subject)),
    )


def _temperature(
    results: RegimeResults, recipe: str, recalibrator: str, regime: str, k: int | None
) -> float | None:
    temperatures = [
        row["temperature"]
        for row in results.fits
        if (row["recipe"], row["recalibrator"], row["regime"], row["k"])
        == (recipe, recalibrator, regime, k)
        and row["temperature"] is not None
    ]
    return float(median(temperatures)) if temperatures and regime != "none" else None


def estimate_table(rows: Sequence[RegimeEstimate]) -> tuple[list[str], list[list[object]]]:
    """Return column names and rows of estimates, for CSV."""
    names = [f.name for f in fields(RegimeEstimate)]
    return names, [[getattr(e, name) for name in names] for e in rows]
