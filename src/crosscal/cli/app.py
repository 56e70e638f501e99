"""The command line: one line a verb, each calls one function."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from crosscal.analysis.events import EventSettings
from crosscal.cli import analyse as analysing
from crosscal.cli import calibrate as calibrating
from crosscal.cli import events as event_console
from crosscal.cli import inspect as looking
from crosscal.cli import layers as layer_console
from crosscal.cli import study as verbs
from crosscal.cli import tasks as task_list
from crosscal.cli import xtreme_score as scoring
from crosscal.exceptions import CrosscalError
from crosscal.predictions.external.columns import ColumnOptions

app = typer.Typer(
    name="crosscal",
    help="Train a multilingual encoder in English, use it in other languages, and measure how "
    "far its confidence can be trusted there. Start with: crosscal quickstart",
    epilog="Exit codes: 0 done, 2 settings, 3 data, 4 artifact or disk, 5 missing extra, "
    "6 a stage failed, 130 interrupted. Run the same command again to go on.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data = typer.Typer(help="Look at data before hours are spent on them.", no_args_is_help=True)
app.add_typer(data, name="data")

StudyFile = Annotated[Path, typer.Argument(help="study file (TOML); `crosscal init` writes one")]
Output = Annotated[Path, typer.Option(help="folder for results and the store of artifacts")]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="override, as training.epochs=1; repeatable")
]
Json = Annotated[bool, typer.Option("--json", help="print JSON for programs, nothing else")]
_RESULTS = Path("results")


@app.command()
def quickstart(output: Output = _RESULTS, json: Json = False) -> None:
    """Run the built-in study: a real encoder, 15 languages, 3 recipes; no network needed."""
    verbs.quickstart(output, as_json=json)


@app.command()
def init(file: Annotated[Path, typer.Argument(help="study file to write")]) -> None:
    """Write a study file in which every setting is explained."""
    verbs.init(file)


@app.command()
def plan(study: StudyFile, output: Output = _RESULTS, set: Set = None, json: Json = False) -> None:
    """Show a study's stages, which are cached, and the time and disk the rest will need."""
    verbs.plan(study, output, set or (), as_json=json)


@app.command()
def run(study: StudyFile, output: Output = _RESULTS, set: Set = None, json: Json = False) -> None:
    """Run a study, or go on with it where it stopped; write its report."""
    verbs.run(study, output, set or (), as_json=json)


@app.command()
def status(
    study: StudyFile, output: Output = _RESULTS, set: Set = None, json: Json = False
) -> None:
    """Show how far a study is."""
    verbs.status(study, output, set or (), as_json=json)


@app.command()
def report(
    study: StudyFile, output: Output = _RESULTS, set: Set = None, json: Json = False
) -> None:
    """Write the report of a finished study anew."""
    verbs.report(study, output, set or (), as_json=json)


@app.command()
def export(
    study: StudyFile,
    folder: Annotated[Path, typer.Argument(help="folder to write")],
    recipe: Annotated[str, typer.Option(help="recipe of the run")] = "direct",
    seed: Annotated[int, typer.Option(help="seed of the run")] = 1,
    target: Annotated[str | None, typer.Option(help="target of the run; none: the first")] = None,
    output: Output = _RESULTS,
    set: Set = None,
) -> None:
    """Write a run's model as a Hugging Face folder, with the full vocabulary."""
    verbs.export(study, folder, output, set or (), recipe=recipe, seed=seed, target=target)


@app.command()
def layers(
    study: StudyFile,
    target: Annotated[
        str | None, typer.Option(help="retrieval target; none: the first that can be swept")
    ] = None,
    recipe: Annotated[str, typer.Option(help="recipe of the run")] = "direct",
    seed: Annotated[int | None, typer.Option(help="seed of the run; none: the first")] = None,
    output: Output = _RESULTS,
    set: Set = None,
    json: Json = False,
) -> None:
    """Show which layer of the encoder finds translations, for a study's retrieval target."""
    layer_console.layers(
        study, output, set or (), target=target, recipe=recipe, seed=seed, as_json=json
    )


@app.command()
def analyse(
    files: Annotated[list[Path], typer.Argument(help="prediction files, one a recipe and seed")],
    output: Annotated[Path, typer.Option(help="folder for the report")] = Path("analysis"),
    baseline: Annotated[str, typer.Option(help="language to compare with")] = "en",
    recipe: Annotated[str, typer.Option(help="recipe to compare with")] = "direct",
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="scores are probabilities, not logits")
    ] = False,
    regimes: Annotated[
        str, typer.Option(help="regimes of recalibration to compare, with commas between; or all")
    ] = "",
    recalibrators: Annotated[
        str, typer.Option(help="recalibrators to compare them with, with commas between")
    ] = "temperature",
    json: Json = False,
) -> None:
    """Analyse prediction files (Parquet), whoever made them, and write a report."""
    analysing.analyse_files(
        files,
        output,
        baseline_language=baseline,
        baseline_recipe=recipe,
        probabilities=probabilities,
        regimes=regimes,
        recalibrators=recalibrators,
        as_json=json,
    )


@app.command(epilog=calibrating.EXAMPLE)
def calibrate(
    files: Annotated[list[Path], typer.Argument(help="Parquet, CSV, TSV, JSONL or npz")],
    scores: Annotated[
        str | None,
        typer.Option(help="columns of logits: one list, or a,b,c, or a pattern, logit_*"),
    ] = None,
    probabilities: Annotated[
        str | None, typer.Option(help="columns of probabilities, likewise; one: of the class 1")
    ] = None,
    confidence: Annotated[
        str | None, typer.Option(help="column of confidences; the labels are then right or wrong")
    ] = None,
    labels: Annotated[str | None, typer.Option(help="column of the right classes")] = None,
    group: Annotated[str | None, typer.Option(help="column of groups to be compared")] = None,
    cluster: Annotated[str | None, typer.Option(help="column of what makes rows dependent")] = None,
    classes: Annotated[
        str | None, typer.Option(help="names of the classes in the order of the scores: a,b,c")
    ] = None,
    baseline: Annotated[str | None, typer.Option(help="group to compare the others with")] = None,
    recalibrate: Annotated[
        list[str] | None, typer.Option(help="recalibrator to try, as temperature; repeatable")
    ] = None,
    notion: Annotated[
        str, typer.Option(help="what is calibrated: top-label, class-wise, or a class")
    ] = "top-label",
    bins: Annotated[int, typer.Option(help="bins of equal width or size")] = 15,
    replicates: Annotated[int, typer.Option(help="bootstrap replicates")] = 1000,
    seed: Annotated[int, typer.Option(help="seed of the random draws")] = 0,
    report: Annotated[Path | None, typer.Option(help="HTML report to write")] = None,
    json: Json = False,
) -> None:
    """Measure the calibration of anyone's predictions: errors with intervals, by group.

    Columns that are not named are guessed, and what was guessed is said. Several files are
    compared with each other; with --group they are parts of one whole.
    """
    calibrating.calibrate_files(
        files,
        ColumnOptions(
            scores=scores,
            probabilities=probabilities,
            confidence=confidence,
            labels=labels,
            group=group,
            cluster=cluster,
            classes=tuple(classes.split(",")) if classes else None,
        ),
        calibrating.CalibrateOptions(
            baseline=baseline,
            recalibrate=tuple(recalibrate or ()),
            notion=notion,
            bins=bins,
            replicates=replicates,
            seed=seed,
            report=report,
            as_json=json,
        ),
    )


@app.command()
def events(
    files: Annotated[list[Path], typer.Argument(help="prediction files, each by itself")],
    event: Annotated[
        list[str] | None, typer.Option(help="event, as exact; repeatable; none: all there are")
    ] = None,
    rules: Annotated[
        str, typer.Option(help="how answers or entities are compared; see docs")
    ] = "sound",
    level: Annotated[float, typer.Option(help="F1 from which an answer is right")] = 0.5,
    temperature: Annotated[
        str, typer.Option(help="number to divide scores by, or fitted on: dev, others")
    ] = "1",
    split: Annotated[str, typer.Option(help="split to look at")] = "test",
    kinds: Annotated[
        bool, typer.Option("--kinds", help="also by type of entity, tag, number of options")
    ] = False,
    json: Json = False,
) -> None:
    """Show the calibration of answers, entities, options, translations (prediction files)."""
    event_console.show_events(
        files,
        event or (),
        split=split,
        temperature=temperature,
        settings=EventSettings(rules=rules, level=level),
        by_kind=kinds,
        as_json=json,
    )


@app.command("xtreme-score")
def xtreme_score(
    predictions: Annotated[Path, typer.Argument(help="folder of predictions, a folder a task")],
    labels: Annotated[Path, typer.Argument(help="folder of labels in the same layout")],
    json: Json = False,
) -> None:
    """Score files in XTREME's own layout for submissions, as its evaluator does."""
    scoring.xtreme_score(predictions, labels, as_json=json)


@data.command("check")
def data_check(study: StudyFile, set: Set = None, json: Json = False) -> None:
    """Look at every data file of a study: labels, duplicates, misaligned rows, damage."""
    looking.data_check(study, set or (), as_json=json)


@data.command("formats")
def data_formats(json: Json = False) -> None:
    """List the file formats that can be read."""
    looking.data_formats(as_json=json)


@app.command()
def tasks(
    name: Annotated[str | None, typer.Argument(help="task to describe; none: list all")] = None,
    json: Json = False,
) -> None:
    """List the tasks, or describe one: its languages, splits, labels, formats, licence."""
    task_list.tasks(name, as_json=json)


@app.command()
def encoders(json: Json = False) -> None:
    """List the encoders that are here."""
    looking.encoders(as_json=json)


@app.command()
def doctor(json: Json = False) -> None:
    """Say what is installed and whether caches are whole."""
    looking.doctor(as_json=json)


def main() -> None:
    """Entry point: errors a user can act on are shown without a traceback."""
    # Loading bars and notes of libraries would run through the study's own.
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    try:
        app()
    except CrosscalError as error:
        print(f"crosscal: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
