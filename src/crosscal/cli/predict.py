"""The verb that predicts new texts with an exported model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from crosscal.artifacts import check_output
from crosscal.cli.load import require_training
from crosscal.cli.options import AsJson, Encoding
from crosscal.cli.screen import warn
from crosscal.exceptions import SettingsError


def predict(
    checkpoint: Annotated[Path, typer.Argument(help="folder written by `crosscal export`")],
    file: Annotated[
        Path, typer.Argument(help="CSV, TSV, JSON lines, Parquet, or .txt with one text a line")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="file to write: .parquet, .csv or .jsonl; none: beside FILE, as CSV"),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            help="columns of the texts, with commas between: TEXT_A,TEXT_B or TEXT; "
            "QUESTION,CONTEXT; WORDS; CONTEXT,QUESTION,OPTIONS; none: by the usual names"
        ),
    ] = None,
    encoding: Encoding = None,
    temperature: Annotated[
        bool | None,
        typer.Option(
            "--temperature/--no-temperature",
            help="divide scores by the exported temperature; none: if the exported head is",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Predict new texts with an exported model: a label and probabilities for each row."""
    require_training()
    from crosscal.export.new_texts import WRITTEN, predict_texts, write_table

    out = out or file.with_name(f"{file.name.split('.')[0]}.predictions.csv")
    if out.suffix not in WRITTEN:
        raise SettingsError(
            f"predictions are not written as '{out.suffix}'",
            where="--out",
            remedy=f"Choose a name that ends in {', '.join(WRITTEN)}",
        )
    check_output(out, [file], where=f"--out {out}", remedy="Choose another name")
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("predict"), BarColumn(), TimeRemainingColumn(), console=console, transient=True
    )
    with bar:
        task = bar.add_task("", total=None)
        found = predict_texts(
            checkpoint,
            file,
            columns=[name.strip() for name in columns.split(",")] if columns else (),
            encoding=encoding,
            temperature=temperature,
            report=lambda done, total: bar.update(task, completed=done, total=total),
        )
    write_table(found.table, out)
    if as_json:
        print(json.dumps({"file": str(out), "rows": len(found.table), "notes": found.notes}))
        return
    for note in found.notes:
        warn(note)
    print(f"{out} written: {len(found.table):,} rows")
