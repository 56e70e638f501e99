"""The CSV files hold the very numbers of the results."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import fields

from crosscal.analysis import Estimate, ReliabilityBin, Results
from crosscal.report import ReportContext
from crosscal.report.files import data_files


def rows(text: str) -> list[dict[str, str]]:
    """Read a CSV file."""
    return list(csv.DictReader(io.StringIO(text)))


def back(row: dict[str, str], kind: type) -> object:
    """Build the object that a row was written from."""
    values: dict[str, object] = {}
    for field in fields(kind):
        text = row[field.name]
        if field.type == "str":
            values[field.name] = text
        elif field.type == "bool":
            values[field.name] = text == "True"
        elif field.type == "int":
            values[field.name] = int(text)
        elif field.type == "tuple[float, ...]":
            values[field.name] = tuple(float(v) for v in text.split())
        else:
            values[field.name] = float(text) if text else None
    return kind(**values)


def test_estimates_come_back_to_the_bit(results: Results, context: ReportContext) -> None:
    files = data_files(results, context)
    assert [back(r, Estimate) for r in rows(files["estimates.csv"])] == results.estimates


def test_parts_hold_what_their_figures_show(results: Results, context: ReportContext) -> None:
    files = data_files(results, context)
    for quantity in ("degradation", "effect"):
        shown = results.find(quantity=quantity, metric="ece_debiased", scaling="none")
        assert [back(r, Estimate) for r in rows(files[f"{quantity}.csv"])] == shown


def test_reliability_comes_back_to_the_bit(results: Results, context: ReportContext) -> None:
    files = data_files(results, context)
    found = [
        back(r, ReliabilityBin)
        for name, text in files.items()
        if name.startswith("reliability-")
        for r in rows(text)
    ]
    assert len(found) == len(results.reliability)
    assert all(b in results.reliability for b in found[::50])


def test_runs(build: Callable[..., Results], build_context: Callable[..., ReportContext]) -> None:
    results = build(languages=("en", "sw"), recipes=("direct",), seeds=(0,))
    results.collapsed.append({"recipe": "direct", "seed": 1, "reason": "a, b"})
    context = build_context(development={("direct", 0): 0.75})
    assert rows(data_files(results, context)["runs.csv"]) == [
        {"recipe": "direct", "seed": "0", "development_accuracy": "0.75", "collapsed": ""},
        {"recipe": "direct", "seed": "1", "development_accuracy": "", "collapsed": "a, b"},
    ]
