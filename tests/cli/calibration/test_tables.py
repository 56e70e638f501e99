"""Tables in the terminal fit 80 columns, and never cut what names a row."""

import io
import re

import numpy as np
import pytest
from rich.console import Console

from crosscal.calibration import evaluate
from crosscal.cli.calibration import tables as calibration_tables

LONG = "a-very-long-locale-name-with-script-and-region-Latn-XX-1234567890"
TITLE = re.compile("Calibration |ece minus|Recalibration |Parameters |Accepting |Threshold")


@pytest.fixture(scope="module")
def evaluation():
    rng = np.random.default_rng(4)
    gold = rng.integers(0, 3, 240)
    scores = 3 * (rng.normal(size=(240, 3)) + 1.5 * np.eye(3)[gold])
    return evaluate(
        scores,
        gold,
        groups=np.repeat(["en", LONG], 120),
        baseline="en",
        recalibrate=["ensemble-temperature", "dirichlet", "isotonic"],
        thresholds=[0.5, 0.9],
        wanted=[0.8],
        classes=["entailment", "neutral", "contradiction"],
        replicates=100,
    )


def shown(evaluation, monkeypatch, width):
    stream = io.StringIO()
    monkeypatch.setattr(
        calibration_tables, "_console", lambda: Console(width=width, file=stream, color_system=None)
    )
    calibration_tables.print_evaluation(evaluation)
    text = stream.getvalue()
    return text[: text.index("en: ")]  # what follows are sentences, which the terminal breaks


def tables(text):
    """Return the lines of each table under its title."""
    parts, title = {}, ""
    for line in text.splitlines():
        if TITLE.match(line):
            title = line
        else:
            parts.setdefault(title, []).append(line)
    return parts


def test_tables_fit_eighty_columns(evaluation, monkeypatch):
    parts = tables(shown(evaluation, monkeypatch, 80))
    assert len(parts) == 10
    for lines in parts.values():
        assert max(len(line.rstrip()) for line in lines) <= 80
    numbers = next(lines for title, lines in parts.items() if title.startswith("Calibration"))
    assert not any("…" in line for line in numbers)
    assert numbers[1].split()[:2] == ["en", "120"]
    assert re.search(r"\d+\.\d to \d+\.\d", numbers[1])


def test_effective_rows_stand_beside_the_rows(monkeypatch):
    rng = np.random.default_rng(5)
    found = evaluate(
        rng.normal(size=(4000, 2)),
        rng.integers(0, 2, 4000),
        groups=np.repeat(["en", LONG], 2000),
        weights=rng.lognormal(size=4000),
        baseline="en",
        replicates=100,
    )
    for width in (80, 200):
        text = shown(found, monkeypatch, width)
        lines = [line for each in tables(text).values() for line in each]
        assert max(len(line.rstrip()) for line in lines) <= width
        assert re.search(r"group +rows +effective", text)
        assert f"2,000      {found.groups['en'].effective:.1f}" in text


def test_a_name_that_does_not_fit_is_folded_and_whole(evaluation, monkeypatch):
    for title, lines in tables(shown(evaluation, monkeypatch, 80)).items():
        end = min(
            at for at in (lines[0].find(f" {w}") for w in ("rows", "diff", "from", "fitted on",
            "accuracy")) if at > 0
        )  # fmt: skip
        name = "".join(line[:end].strip() for line in lines[1:])
        assert LONG in name.replace(" ", ""), title


def test_nothing_is_folded_where_there_is_room(evaluation, monkeypatch):
    parts = tables(shown(evaluation, monkeypatch, 10_000))
    for lines in parts.values():
        assert any(line.startswith(f"{LONG} ") for line in lines)
    head = next(lines for title, lines in parts.items() if title.startswith("Calibration"))[0]
    assert head.split()[1:6] == ["rows", "accuracy", "confidence", "NLL", "Brier"]


def test_every_parameter_is_shown(evaluation, monkeypatch):
    parts = tables(shown(evaluation, monkeypatch, 10_000))
    lines = {title.split()[2]: part for title, part in parts.items() if "Parameters" in title}
    fit = next(f for f in evaluation.fits if f.recalibrator == "ensemble-temperature")
    assert f"{fit.learnt['temperature_']:.4g}" in " ".join(lines["ensemble-temperature"])
    assert sum("weights of neutral" in line for line in lines["dirichlet"]) == 2
    assert "to contradiction" in " ".join(lines["dirichlet"])
    assert "in all)" in " ".join(lines["isotonic"])
