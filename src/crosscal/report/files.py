"""Every figure and table as data."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any

from crosscal.analysis import Estimate, ReliabilityBin, Results
from crosscal.analysis.recalibration_transfer import RegimeResults
from crosscal.analysis.results import METRIC
from crosscal.report.characters import cell
from crosscal.report.charts.layer_curve import layer_curve
from crosscal.report.charts.learning_curve import NAME as CURVE
from crosscal.report.charts.learning_curve import curve_rows, learning_curve
from crosscal.report.charts.reliability import file_names
from crosscal.report.context import ReportContext
from crosscal.report.html import draw
from crosscal.report.layers import LayerSweep, sweep_data
from crosscal.report.recalibration import estimate_table

_ESTIMATE = [f.name for f in fields(Estimate)]
_BIN = [f.name for f in fields(ReliabilityBin)]


def data_files(
    results: Results, context: ReportContext, recalibration: RegimeResults | None = None
) -> dict[str, str]:
    """Write every table as CSV text: file name to content; figures and their data share a name."""
    files = {
        "estimates.csv": _estimates(results.estimates),
        "levels.csv": _estimates(results.find(quantity="level")),
        "temperatures.csv": _dicts(results.temperatures),
        "runs.csv": _runs(results, context),
    }
    for quantity in ("degradation", "effect"):
        rows = results.find(quantity=quantity, metric=METRIC, scaling="none")
        if rows:
            files[f"{quantity}.csv"] = _estimates(rows)
    means = [
        e for e in results.find(quantity="degradation", metric=METRIC, scaling="none") if e.is_group
    ]
    if means:
        files["overview.csv"] = _estimates(means)
    against = [
        e
        for e in results.find(quantity="level", scaling="none")
        if not e.is_group and e.metric in ("accuracy", METRIC)
    ]
    if against:
        files["ece-against-accuracy.csv"] = _estimates(against)
    files |= _reliability(results)
    if context.stages:
        files["stages.csv"] = _dicts([asdict(stage) for stage in context.stages])
    if context.data_files:
        files["data-files.csv"] = _csv(["file", "sha256"], context.data_files.items())
    if recalibration is not None:
        files |= _recalibration(recalibration)
    return files


def sweep_files(sweep: LayerSweep) -> dict[str, bytes]:
    """Return a layer sweep as files within a target's folder: path to content."""
    drawings = draw([layer_curve(sweep.rows)])
    files = {name: text.encode() for name, text in sweep_data(sweep).items()}
    for drawing in drawings.values():
        files |= {f"figures/{name}": content for name, content in drawing.files.items()}
    return files


def _recalibration(results: RegimeResults) -> dict[str, str]:
    files = {
        "recalibration.csv": _csv(*estimate_table(results.estimates)),
        "recalibration-fits.csv": _dicts(results.fits),
    }
    if results.laws:
        files["recalibration-laws.csv"] = _dicts(results.laws)
    if learning_curve(results) is not None:
        files[f"{CURVE}.csv"] = _csv(*estimate_table(curve_rows(results)))
    return files


def _reliability(results: Results) -> dict[str, str]:
    files = {}
    for scaling, after in (("none", ""), ("english", "-after-temperature")):
        rows = [b for b in results.reliability if b.scaling == scaling]
        baseline_first = sorted(results.recipes, key=lambda r: r != results.baseline_recipe)
        recipes = [r for r in baseline_first if any(b.recipe == r for b in rows)]
        for recipe, stem in file_names(recipes).items():
            own = ([getattr(b, name) for name in _BIN] for b in rows if b.recipe == recipe)
            files[f"reliability-{stem}{after}.csv"] = _csv(_BIN, own)
    return files


def _runs(results: Results, context: ReportContext) -> str:
    collapsed = {(r["recipe"], r["seed"]): r["reason"] for r in results.collapsed}
    known = [(recipe, seed) for recipe in results.recipes for seed in results.seeds]
    keys = dict.fromkeys([*known, *context.development, *collapsed])
    rows = [
        (recipe, seed, context.development.get((recipe, seed)), collapsed.get((recipe, seed)))
        for recipe, seed in keys
    ]
    return _csv(["recipe", "seed", "development_accuracy", "collapsed"], rows)


def _estimates(rows: Iterable[Estimate]) -> str:
    return _csv(_ESTIMATE, ([getattr(e, name) for name in _ESTIMATE] for e in rows))


def _dicts(rows: Sequence[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return _csv(names, ([row.get(name) for name in names] for row in rows))


def _csv(names: Sequence[str], rows: Iterable[Iterable[Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(map(cell, names))
    for row in rows:
        writer.writerow([_field(value) for value in row])
    return stream.getvalue()


def _field(value: object) -> str:
    """Write a value so that it reads back to the same float; several are separated by spaces."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return " ".join(_field(v) for v in value)
    return repr(float(value)) if isinstance(value, float) else cell(str(value))
