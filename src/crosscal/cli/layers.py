"""The function behind ``crosscal layers``: which layer of an encoder finds translations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from crosscal.artifacts import disk_errors, write_aside
from crosscal.cli.load import check_output, open_plan, open_study, require_training
from crosscal.cli.progress import StudyProgress
from crosscal.exceptions import Interrupted
from crosscal.report.files import sweep_files
from crosscal.report.layers import layer_table
from crosscal.study.execution.store import Store
from crosscal.study.results.layer_sweep import sweep_layers, sweep_run, sweep_stages
from crosscal.study.running import target_folder


def layers(
    file: Path,
    output: Path,
    overrides: Sequence[str],
    *,
    target: str | None,
    recipe: str,
    seed: int | None,
    as_json: bool,
) -> None:
    """Sweep the layers of a run, print the table, write chart, CSV and JSON.

    Raises
    ------
    SettingsError
        If the study has no such run of a retrieval target.
    Interrupted
        On Ctrl-C.
    """
    require_training()
    check_output(output)
    opened = open_plan(open_study(file, overrides), quiet=as_json)
    run = sweep_run(opened, target, recipe, seed)
    store = Store(output / "store")
    missing = [s for s in sweep_stages(opened, run) if not store.has(*s.node)]
    try:
        with StudyProgress(store, len(missing), quiet=as_json) as progress:
            sweep = sweep_layers(opened, run, store, progress)
    except KeyboardInterrupt:
        raise Interrupted(
            "interrupted", remedy="Run the same command again: it goes on where this one stopped"
        ) from None
    folder = target_folder(output, opened.study, run.target)
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
        cells = [f"{100 * row[name]:.1f}" for name in names]
        table.add_row(str(row["layer"]), *cells, style="bold" if row["best"] else None)
    Console().print(table)
    languages = len({row["language"] for row in sweep.rows})
    print(f"Mean over {languages} languages, on the test: no layer is chosen by it.")
    for name in files:
        print(folder / name)
