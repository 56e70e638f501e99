"""The verb that recalibrates new predictions by a saved recalibrator."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import typer
from numpy.typing import NDArray

from crosscal.artifacts import check_output, disk_errors, write_aside
from crosscal.calibration.recalibration.saving import SavedRecalibrator, load_recalibrator
from crosscal.cli.options import Encoding
from crosscal.cli.screen import warn
from crosscal.exceptions import SettingsError
from crosscal.predictions.external.columns import ColumnOptions
from crosscal.predictions.external.reader import ExternalPredictions, read_external
from crosscal.predictions.external.sources.joined import labels_file

EXAMPLE = (
    "Example: crosscal calibrate dev.csv --recalibrate temperature --save recalibrator.json; "
    "crosscal apply recalibrator.json new.csv --output recalibrated.csv"
)


def apply(
    recalibrator: Annotated[Path, typer.Argument(help="JSON file that calibrate --save wrote")],
    file: Annotated[Path, typer.Argument(help="predictions, in any form that calibrate reads")],
    output: Annotated[
        Path | None,
        typer.Option(help="file to write, .csv or .parquet; without, CSV on standard output"),
    ] = None,
    scores: Annotated[str | None, typer.Option(help="columns of logits")] = None,
    probabilities: Annotated[str | None, typer.Option(help="columns of probabilities")] = None,
    confidence: Annotated[str | None, typer.Option(help="column of confidences")] = None,
    labels: Annotated[str | None, typer.Option(help="column of the right classes")] = None,
    classes: Annotated[
        str | None, typer.Option(help="names of the classes in the order of the scores: a,b,c")
    ] = None,
    per_character: Annotated[
        bool, typer.Option("--normalised", help="log-likelihoods divided by choices' lengths")
    ] = False,
    encoding: Encoding = None,
) -> None:
    """Recalibrate predictions: write their probabilities, row by row in the order of the file.

    Labels are not needed. Other classes than the recalibrator was fitted on are refused. Equal
    files give equal bits.
    """
    _check_output(output, file, recalibrator, *filter(None, [labels_file(labels)]))
    saved = load_recalibrator(recalibrator)
    columns = ColumnOptions(
        scores=scores,
        probabilities=probabilities,
        confidence=confidence,
        labels=labels,
        classes=tuple(classes.split(",")) if classes else None,
        per_character=per_character,
        encoding=encoding,
    )
    predictions = read_external(file, columns, labelled=False)
    warn(f"crosscal: {file}: {'; '.join(predictions.notes)}")
    written = saved.apply(
        predictions.values,
        kind=predictions.value_kind,
        classes=predictions.classes,
        where=str(file),
    )
    table = _table(written, predictions, saved)
    if (predictions.gold < 0).all():
        table = table.drop_columns(table.column_names[-1])
    if output is None:
        sys.stdout.write(_csv(table).decode())
        return
    with disk_errors(output):
        output.parent.mkdir(parents=True, exist_ok=True)
    write_aside(output, _csv(table) if output.suffix == ".csv" else _parquet(table))
    warn(f"{output}: {table.num_rows:,} rows")


def _check_output(output: Path | None, *inputs: Path) -> None:
    """Refuse what cannot be written, before the work, or would replace what is read."""
    if output is None:
        return
    where, remedy = f"--output {output}", "Name another file, .csv or .parquet"
    if output.suffix not in (".csv", ".parquet"):
        raise SettingsError("unknown kind of file", where=where, remedy=remedy)
    check_output(output, inputs, where=where, remedy=remedy)


def _table(
    probabilities: NDArray[np.float64], predictions: ExternalPredictions, saved: SavedRecalibrator
) -> pa.Table:
    """Return a column of probabilities for each class, and the labels."""
    if probabilities.ndim == 1:
        return pa.table({"confidence": probabilities, "correct": predictions.gold})
    count = probabilities.shape[1]
    names = predictions.classes or saved.origin.classes or [str(i) for i in range(count)]
    columns = {f"prob_{name}": probabilities[:, i] for i, name in enumerate(names)}
    return pa.table({**columns, "label": predictions.gold})


def _csv(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    # The shortest digits that give the same number again.
    pyarrow.csv.write_csv(table, stream, pyarrow.csv.WriteOptions(quoting_style="needed"))
    return stream.getvalue()


def _parquet(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream, write_page_checksum=True)
    return stream.getvalue()
