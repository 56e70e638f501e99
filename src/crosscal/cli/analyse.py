"""The verb that analyses prediction files, whoever made them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from crosscal.analysis import AnalysisSettings, analyse
from crosscal.analysis.recalibration_transfer import REGIMES, RegimeSettings, compare_regimes
from crosscal.exceptions import SettingsError
from crosscal.languages import LANGUAGES, default_groups
from crosscal.predictions import Predictions, from_probabilities, read_predictions
from crosscal.report import ReportContext, answer, render_text_table, write_report
from crosscal.tasks import MOST_ORDERED, permuted_labels


def analyse_files(
    files: Sequence[Path],
    output: Path,
    *,
    baseline_language: str,
    baseline_recipe: str,
    probabilities: bool,
    regimes: str,
    recalibrators: str,
    as_json: bool,
) -> None:
    """Analyse prediction files of one task and write a report.

    Parameters
    ----------
    files : sequence of Path
        One a recipe and seed.
    output : Path
        Folder of the report.
    baseline_language, baseline_recipe : str
        What is compared with.
    probabilities : bool
        Whether the files' scores are probabilities, not logits.
    regimes, recalibrators : str
        Names separated by commas; of regimes also ``all``, or nothing for no comparison.
    as_json : bool
        Print the results as JSON, nothing else.

    Raises
    ------
    DataError
        For a file that is damaged, invalid, or does not fit the others.
    """
    runs = [read_predictions(file) for file in files]
    if probabilities:
        runs = [from_probabilities(run) for run in runs]
    first = runs[0]
    if any("test" not in run.splits for run in runs):
        raise SettingsError(
            f"the splits are {', '.join(first.splits)}, but there is no 'test'",
            where=first.where,
            remedy="Name the evaluated rows' split 'test', and development data's 'dev'",
        )
    languages = first.languages("test")
    settings = AnalysisSettings(
        title=first.provenance.study,
        baseline_language=baseline_language,
        baseline_recipe=baseline_recipe,
        dev_split="dev" if _has_dev(runs, baseline_language) else None,
        groups=default_groups(languages),
    )
    asked = _asked(regimes, recalibrators)
    results = analyse(runs, settings=settings)
    found = None
    if asked is not None:
        found = compare_regimes(runs, settings=settings, recalibration=asked)
    warnings = _permuted(runs, baseline_language) if settings.dev_split else ()
    for warning in warnings:
        print(f"crosscal: {warning}", file=sys.stderr)
    context = _context(first, languages, warnings)
    page = write_report(results, output, study=context, recalibration=found)
    if as_json:
        told = {"report": str(page), "results": json.loads(results.to_json())}
        if found is not None:
            told["recalibration"] = json.loads(found.to_json())
        print(json.dumps(told))
        return
    print(render_text_table(results))
    print(answer(results))
    print(f"\nReport: {page}")


def _asked(regimes: str, recalibrators: str) -> RegimeSettings | None:
    """Return the comparison of regimes that was asked for, if one was."""
    names = tuple(name.strip() for name in regimes.split(",") if name.strip())
    if not names:
        return None
    return RegimeSettings(
        regimes=REGIMES if names == ("all",) else names,
        recalibrators=tuple(name.strip() for name in recalibrators.split(",") if name.strip()),
    )


def _has_dev(runs: Sequence[Predictions], language: str) -> bool:
    return all("dev" in run.splits and language in run.languages("dev") for run in runs)


def _permuted(runs: Sequence[Predictions], language: str) -> tuple[str, ...]:
    """Warn of runs whose development scores speak for another order of the labels."""
    warnings = []
    for run in runs:
        choices = run.provenance.choices
        if choices is None or len(choices) > MOST_ORDERED:
            continue
        part = run.select(language=language, split="dev")
        known = part.gold >= 0
        order = permuted_labels(part.scores[known], part.gold[known], choices)
        if order:
            warnings.append(
                f"{run.where}: the labels seem permuted: by the development data the scores "
                f"stand for {', '.join(order)}, not {', '.join(choices)}"
            )
    return tuple(warnings)


def _context(
    first: Predictions, languages: Sequence[str], warnings: tuple[str, ...]
) -> ReportContext:
    made = first.provenance
    return ReportContext(
        question=f"How far can the confidence of {made.encoder or 'the model'} be trusted?",
        study=made.study,
        encoder=made.encoder,
        task=made.task,
        languages=tuple(LANGUAGES[code] for code in languages if code in LANGUAGES),
        warnings=warnings,
        versions=dict(made.versions),
        data_files=dict(made.data),
    )
