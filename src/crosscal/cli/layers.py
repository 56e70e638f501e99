"""The verb that shows which layer of an encoder finds translations."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table

from crosscal.artifacts import disk_errors, write_aside
from crosscal.cli.load import check_output, load_plan, require_training
from crosscal.cli.options import RESULTS, AsJson, Output, Overrides, StudyFile
from crosscal.cli.progress import StudyProgress
from crosscal.cli.screen import show
from crosscal.report.files import sweep_files
from crosscal.report.layers import layer_table
from crosscal.study.execution.needs import needed_stages
from crosscal.study.execution.store import Store
from crosscal.study.results.layer_sweep import sweep_layers, sweep_run, sweep_stages
from crosscal.study.running import target_folder


def layers(
    study: StudyFile,
    target: Annotated[
        str | None, typer.Option(help="retrieval target; none: the first that can be swept")
    ] = None,
    recipe: Annotated[str, typer.Option(help="recipe of the run")] = "direct",
    seed: Annotated[int | None, typer.Option(help="seed of the run; none: the first")] = None,
    output: Output = RESULTS,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Show which layer of the encoder finds translations, for a study's retrieval target."""
    require_training()
    check_output(output)
    plan = load_plan(study, overrides, quiet=as_json)
    run = sweep_run(plan, target, recipe, seed)
    store = Store.within(output)
    missing = needed_stages(sweep_stages(plan, run), store)
    with StudyProgress(store, len(missing), quiet=as_json) as progress:
        sweep = sweep_layers(plan, run, store, progress)
    folder = target_folder(output, plan.study, run.target)
    files = sweep_files(sweep)
    with disk_errors(folder):
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_aside(folder / name, content)
    rows = layer_table(sweep.rows)
    if as_json:
        written = [str(folder / name) for name in files]
        print(json.dumps({**json.loads(sweep.to_json()), "means": rows, "files": written}))
        return
    names = [name for name in rows[0] if name not in ("layer", "best")]
    table = Table("layer", *names, title=f"Translations found, %: {run.recipe}, seed {run.seed}")
    for row in rows:
        percentages = [f"{100 * row[name]:.1f}" for name in names]
        table.add_row(str(row["layer"]), *percentages, style="bold" if row["best"] else None)
    show(table)
    languages = len({row["language"] for row in sweep.rows})
    print(f"Mean over {languages} languages, on the test: no layer is chosen by it.")
    for name in files:
        print(folder / name)
