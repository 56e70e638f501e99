"""The section on recalibration: its table, its curve, its files, and its absence."""

from __future__ import annotations

import csv
import io
import re

import pytest

from crosscal.analysis import AnalysisSettings, analyse
from crosscal.analysis.recalibration_transfer import RegimeResults, RegimeSettings, compare_regimes
from crosscal.report import ReportContext, write_report
from crosscal.report.charts.canvas import chart_style
from crosscal.report.charts.chart import NARROW, WIDE
from crosscal.report.charts.learning_curve import learning_curve
from crosscal.report.charts.render import render
from crosscal.report.recalibration import regime_sections, subject_names
from tests.analysis.recalibration_transfer.conftest import world

CONTEXT = ReportContext(question="What is it worth?", study="made up")


@pytest.fixture(scope="module")
def compared():
    run = world(premises=40, calibration=60, dev=60, languages=("en", "xb", "xe", "xg"))
    settings = AnalysisSettings(replicates=100, noise_resamples=100, groups={"far": ("xe", "xg")})
    asked = RegimeSettings(few_shot=(0, 10, 100), draws=10)
    return (
        analyse([run], settings=settings),
        compare_regimes([run], settings=settings, recalibration=asked),
    )


def test_table_has_every_regime_once(compared):
    (section,) = regime_sections(compared[1])
    names = [row.name for row in section.rows]
    assert len(names) == len(set(names)) == 7 + 3 * 2
    assert names[1] == "fitted on English"
    assert "English as prior, 100 examples" in names
    assert subject_names(compared[1]) == ["English", "Far"]
    first = section.rows[0].cells[1]
    assert first.gain is None
    oracle = next(row for row in section.rows if "itself" in row.name).cells[1]
    before, after = first.nll.value, oracle.nll.value
    assert oracle.gain.value == pytest.approx(before - after)


def test_page_shows_table_and_curve(compared, tmp_path):
    results, found = compared
    page = write_report(results, tmp_path, study=CONTEXT, recalibration=found).read_text()
    assert 'id="recalibration"' in page
    assert "fitted on 10 examples" in page
    assert "learnt from the other languages" in page
    assert (tmp_path / "figures/recalibration-curve.svg").is_file()
    assert (tmp_path / "figures/recalibration-curve.pdf").is_file()
    again = (tmp_path / "recalibration.json").read_text()
    assert RegimeResults.from_json(again) == found
    for name in set(re.findall(r'href="(data/[^"]+)"', page)):
        assert (tmp_path / name).is_file(), name
    rows = list(csv.DictReader(io.StringIO((tmp_path / "data/recalibration.csv").read_text())))
    assert len(rows) == len(found.estimates)
    assert float(rows[0]["value"]) == found.estimates[0].value
    curve = csv.DictReader(io.StringIO((tmp_path / "data/recalibration-curve.csv").read_text()))
    assert {row["regime"] for row in curve} >= {"few-shot", "oracle", "english"}


def test_without_a_comparison_nothing_is_shown(compared, tmp_path):
    page = write_report(compared[0], tmp_path, study=CONTEXT).read_text()
    assert "recalibration" not in page.lower().replace("recalibration.html", "")
    assert not (tmp_path / "recalibration.json").exists()
    assert learning_curve(None) is None


def test_no_curve_without_few_shot_regimes():
    run = world(premises=30, calibration=30, dev=30, languages=("en", "xe"))
    found = compare_regimes(
        [run],
        settings=AnalysisSettings(replicates=100, noise_resamples=100),
        recalibration=RegimeSettings(regimes=("oracle",), draws=10),
    )
    assert learning_curve(found) is None
    assert [row.name for row in regime_sections(found)[0].rows] == [
        "none",
        "fitted on English",
        "fitted on the language itself",
    ]


def test_drawing_is_the_same_each_time_and_stays_inside(compared):
    chart = learning_curve(compared[1])
    assert render(chart) == render(learning_curve(compared[1]))
    for width in (WIDE, NARROW):
        with chart_style():
            (axes,) = chart.draw(width).axes
        left, right = axes.get_xlim()
        low, high = axes.get_ylim()
        curves = [line for line in axes.lines if line.get_transform() is axes.transData]
        assert all(left <= x <= right for line in curves for x in line.get_xdata())
        assert all(low <= y <= high for line in curves for y in line.get_ydata())
        shown = {round(y, 6) for line in curves for y in line.get_ydata()}
        for regime in ("few-shot", "few-shot-pooled", "few-shot-prior", "oracle"):
            values = gains(compared[1], regime)
            assert values
            assert {round(v, 6) for v in values if low <= v <= high} <= shown


def gains(found, regime):
    rows = found.find(
        quantity="gain",
        metric="nll",
        before="english",
        regime=regime,
        language="far",
        is_group=True,
    )
    return [1000 * e.value for e in rows]
