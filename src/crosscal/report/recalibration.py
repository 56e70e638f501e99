"""The rows of the table of recalibration regimes, and its data as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from crosscal.analysis.recalibration_transfer import RegimeEstimate, RegimeResults
from crosscal.report.findings import METRIC, language_name

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
    """What one regime does in one place.

    Attributes
    ----------
    nll, gain, further, error : RegimeEstimate or None
        NLL; what it gains over no recalibration, and over the baseline's; debiased ECE.
    """

    nll: RegimeEstimate | None
    gain: RegimeEstimate | None
    further: RegimeEstimate | None
    error: RegimeEstimate | None


@dataclass(frozen=True, kw_only=True)
class RegimeRow:
    """One regime of one recipe and recalibrator.

    Attributes
    ----------
    name : str
    temperature : float or None
        Median over the languages shown.
    cells : tuple of RegimeCells
        By place.
    """

    name: str
    temperature: float | None
    cells: tuple[RegimeCells, ...]


@dataclass(frozen=True, kw_only=True)
class RegimeSection:
    """The regimes of one recipe and recalibrator."""

    recipe: str
    recalibrator: str
    rows: tuple[RegimeRow, ...]


def places(results: RegimeResults) -> list[tuple[str, bool]]:
    """Return the baseline language and the groups, or all languages where there are none."""
    base = (results.baseline_language, False)
    if results.groups:
        return [base, *((name, True) for name in results.groups)]
    return [(code, False) for code in results.languages]


def place_names(results: RegimeResults) -> list[str]:
    """Return the headings of `places`."""
    return [
        name[:1].upper() + name[1:] if is_group else language_name(name)
        for name, is_group in places(results)
    ]


def regime_sections(results: RegimeResults) -> list[RegimeSection]:
    """Return the table of regimes: a section a recipe and recalibrator.

    Parameters
    ----------
    results : RegimeResults

    Returns
    -------
    list of RegimeSection
    """
    rows: dict[tuple[str, str], dict[tuple[str, int | None], dict[object, RegimeEstimate]]] = {}
    for e in results.estimates:
        cells = rows.setdefault((e.recipe, e.recalibrator), {}).setdefault((e.regime, e.k), {})
        cells[e.quantity, e.before, e.metric, e.language, e.is_group] = e
    shown = places(results)
    return [
        RegimeSection(
            recipe=recipe,
            recalibrator=recalibrator,
            rows=tuple(
                RegimeRow(
                    name=regime_name(results, regime, k),
                    temperature=_temperature(results, recipe, recalibrator, regime, k),
                    cells=tuple(_cells(cells, place) for place in shown),
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


def _cells(cells: dict[object, RegimeEstimate], place: tuple[str, bool]) -> RegimeCells:
    return RegimeCells(
        nll=cells.get(("level", None, "nll", *place)),
        gain=cells.get(("gain", "none", "nll", *place)),
        further=cells.get(("gain", "english", "nll", *place)),
        error=cells.get(("level", None, METRIC, *place)),
    )


def _temperature(
    results: RegimeResults, recipe: str, recalibrator: str, regime: str, k: int | None
) -> float | None:
    found = sorted(
        row["temperature"]
        for row in results.fits
        if (row["recipe"], row["recalibrator"], row["regime"], row["k"])
        == (recipe, recalibrator, regime, k)
        and row["temperature"] is not None
    )
    if not found or regime == "none":
        return None
    middle = len(found) // 2
    return float(found[middle] if len(found) % 2 else (found[middle - 1] + found[middle]) / 2)


def estimate_table(rows: Sequence[RegimeEstimate]) -> tuple[list[str], list[list[object]]]:
    """Return column names and rows of estimates, for CSV."""
    names = [f.name for f in fields(RegimeEstimate)]
    return names, [[getattr(e, name) for name in names] for e in rows]
