"""The verb that analyses prediction files, whoever made them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from crosscal.analysis import AnalysisSettings, Results
from crosscal.analysis import analyse as analyse_runs
from crosscal.analysis.recalibration_transfer import REGIMES, RegimeSettings, compare_regimes
from crosscal.calibration.evaluation.plausibility import implausible
from crosscal.cli.options import AsJson
from crosscal.cli.screen import REPORT_WIDTH, open_console, say
from crosscal.exceptions import SettingsError
from crosscal.label_order import MOST_ORDERED, permuted_labels
from crosscal.languages import default_groups, find_language
from crosscal.predictions import Predictions, demand_logits, from_probabilities, read_predictions
from crosscal.report import ReportContext, answer, render_text_table, write_report
from crosscal.report.characters import visible


def analyse(
    files: Annotated[list[Path], typer.Argument(help="prediction files, one a recipe and seed")],
    output: Annotated[Path, typer.Option(help="folder for the report")] = Path("analysis"),
    baseline: Annotated[str, typer.Option(help="language to compare with")] = "en",
    recipe: Annotated[str, typer.Option(help="recipe to compare with")] = "direct",
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="scores are probabilities, not logits")
    ] = False,
    groups: Annotated[
        list[str] | None,
        typer.Option(help="group of languages, as rich=tr,fi; repeatable; none: by the table"),
    ] = None,
    replicates: Annotated[int, typer.Option(help="bootstrap replicates")] = 2000,
    level: Annotated[float, typer.Option(help="of the intervals, between 0 and 1")] = 0.95,
    margin: Annotated[
        float | None,
        typer.Option(help="smallest change that matters, as 0.02; gives differences a verdict"),
    ] = None,
    regimes: Annotated[
        str, typer.Option(help="regimes of recalibration to compare, with commas between; or all")
    ] = "",
    recalibrators: Annotated[
        str, typer.Option(help="recalibrators to compare them with, with commas between")
    ] = "temperature",
    as_json: AsJson = False,
) -> None:
    """Analyse prediction files (Parquet), whoever made them, and write a report."""
    asked = AnalysisSettings(
        baseline_language=baseline,
        baseline_recipe=recipe,
        replicates=replicates,
        level=level,
        margin=margin,
    )
    regime_settings = _regime_settings(regimes, recalibrators)
    runs = [read_predictions(file) for file in files]
    if probabilities:
        runs = [from_probabilities(run) for run in runs]
    else:
        for run in runs:
            demand_logits(run)
    first = runs[0]
    if any("test" not in run.splits for run in runs):
        raise SettingsError(
            f"the splits are {', '.join(first.splits)}, but there is no 'test'",
            where=first.where,
            remedy="Name the evaluated rows' split 'test', and development data's 'dev'",
        )
    languages = first.languages("test")
    settings = replace(
        asked,
        title=first.provenance.study,
        dev_split="dev" if _has_dev(runs, baseline) else None,
        groups=_groups(groups, languages) if groups else default_groups(languages),
    )
    results = analyse_runs(runs, settings=settings)
    recalibration = None
    if regime_settings is not None:
        recalibration = compare_regimes(runs, settings=settings, recalibration=regime_settings)
    warnings = (
        *(_permuted(runs, baseline) if settings.dev_split else ()),
        *_implausible(runs),
        *_without_optimum(results),
    )
    context = _context(first, languages, warnings)
    page = write_report(results, output, study=context, recalibration=recalibration)
    if as_json:
        document = {
            "report": str(page),
            "results": json.loads(results.to_json()),
            "warnings": list(warnings),
        }
        if recalibration is not None:
            document["recalibration"] = json.loads(recalibration.to_json())
        print(json.dumps(document))
        return
    print(visible(render_text_table(results, width=open_console(elsewhere=REPORT_WIDTH).width)))
    say(answer(results))
    for warning in warnings:
        say(f"\nNote: {warning}.")
    print(f"\nReport: {page}")


def _groups(named: Sequence[str], languages: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return groups of languages that were given as NAME=CODE,CODE."""
    groups: dict[str, tuple[str, ...]] = {}
    for text in named:
        name, equals, codes = text.partition("=")
        members = tuple(code.strip() for code in codes.split(",") if code.strip())
        if not equals or not name.strip() or not members or name.strip() in groups:
            raise SettingsError(
                f"group {text!r}", where="groups", remedy="Give each once, as rich=tr,fi"
            )
        absent = [code for code in members if code not in languages]
        if absent:
            raise SettingsError(
                f"there are no predictions for {absent[0]!r} of group {name.strip()!r}",
                where="groups",
                remedy=f"Languages are {', '.join(languages)}",
            )
        groups[name.strip()] = members
    return groups


def _regime_settings(regimes: str, recalibrators: str) -> RegimeSettings | None:
    """Return the comparison of regimes that the options name, if they name one."""
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
                f"{Path(run.where).name}: the labels seem permuted: by the development data the "
                f"scores stand for {', '.join(order)}, not {', '.join(choices)}"
            )
    return tuple(warnings)


def _implausible(runs: Sequence[Predictions]) -> tuple[str, ...]:
    """Return what speaks against the scores or labels of a run, in its test languages."""
    warnings = []
    for run in runs:
        parts = [
            (language, part.scores, part.gold)
            for language in run.languages("test")
            for part in [run.select(language=language, split="test")]
        ]
        notes = implausible(parts, run.provenance.choices)
        if all(scores.min() >= 0 and scores.max() <= 1 for _, scores, _ in parts):
            notes += (
                "all scores are in [0, 1], as of independent sigmoids; softmax took them for "
                "logits",
            )
        warnings += [f"{Path(run.where).name}: {note}" for note in notes]
    return tuple(warnings)


def _without_optimum(results: Results) -> tuple[str, ...]:
    """Return the runs of which no finite temperature is best."""
    return tuple(
        f"{each['recipe']}, seed {each['seed']}: no finite temperature is best, "
        f"{each['temperature']:.3g} was taken"
        for each in results.temperatures
        if not each.get("converged", True)
    )


def _context(
    first: Predictions, languages: Sequence[str], warnings: tuple[str, ...]
) -> ReportContext:
    provenance = first.provenance
    return ReportContext(
        question=f"How far can the confidence of {provenance.encoder or 'the model'} be trusted?",
        study=provenance.study,
        encoder=provenance.encoder,
        task=provenance.task,
        languages=tuple(filter(None, map(find_language, languages))),
        warnings=warnings,
        versions=dict(provenance.versions),
        data_files=dict(provenance.data),
    )
