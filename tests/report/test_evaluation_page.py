"""What an evaluation says, and its page."""

import sys

import numpy as np
import pytest

from crosscal.calibration import ERRORS, evaluate
from crosscal.report.evaluation_page import p_value, percent, plain, write_evaluation
from crosscal.report.evaluation_words import DEFINITIONS, sentences


def evaluation(groups, scale=4.0, **options):
    rng = np.random.default_rng(1)
    n = 200 * groups
    gold = rng.integers(0, 3, n)
    scores = rng.normal(size=(n, 3))
    scores[np.arange(n), gold] += 1.5
    scores[200:] *= scale
    names = [f"g{i}" for i in np.arange(n) // 200]
    return evaluate(
        scores * 1.5, gold, groups=names, replicates=100, errors=("ece", "smooth_ece"), **options
    )


def test_few_groups_are_told_one_by_one():
    first, second, against = sentences(evaluation(2, baseline="g0"))
    assert first.startswith("g0: ece")
    assert "cannot be told from noise" in first
    assert second.startswith("g1: overconfident; mean confidence lies")
    assert against == "Against g0, ece is clearly larger in g1."


def test_many_groups_are_counted():
    (counted,) = sentences(evaluation(7))
    assert counted.startswith("In 6 of 7 groups ece is clearly more than noise")
    assert "6 overconfident, 0 underconfident" in counted


def test_every_error_has_a_definition():
    assert set(DEFINITIONS) == set(ERRORS)


def test_the_page_holds_every_group_and_only_itself(tmp_path):
    found = evaluation(3, baseline="g0", recalibrate=["isotonic"])
    page = tmp_path / "a" / "page.html"
    write_evaluation(found, page, title="<script>", notes=["scores: 'a&b'"])
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "scores: &#39;a&amp;b&#39;" in text
    assert "://" not in text
    assert text.count("<svg") == 2
    assert all(f">{name}" in text for name in ("g0", "g1", "g2", "isotonic", "smooth_ece"))
    write_evaluation(found, page, title="<script>", notes=["scores: 'a&b'"])
    assert page.read_text(encoding="utf-8") == text


def test_what_speaks_against_the_predictions_stands_first(tmp_path):
    rng = np.random.default_rng(0)
    gold = rng.integers(0, 3, 100)
    scores = 9 * np.eye(3)[(gold + 1) % 3] + rng.normal(size=(100, 3))
    found = evaluate(
        scores, gold, replicates=100, errors=("ece",), recalibrate=["temperature"]
    )  # fmt: skip
    assert sentences(found)[0].startswith("Note: accuracy 0.0 % is far below chance")
    write_evaluation(found, tmp_path / "page.html", title="t")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "with scores in the order (1,2,0) it would be 100.0 %" in text
    assert "no optimum in some fit: the scores say no more than chance" in text


def test_without_matplotlib_the_page_names_the_figure(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    found = evaluation(2)
    write_evaluation(found, tmp_path / "page.html", title="t")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<svg" not in text
    assert "pip install 'crosscal[report]'" in text
    assert "bins in 2 groups" in text


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (percent(0.1234), "12.3"),
        (percent(-0.001, signed=True), "−0.1"),
        (percent(None), "–"),
        (plain(1.23456), "1.235"),
        (plain(None), "–"),
        (p_value(0.04), "0.040"),
        (p_value(0.0004), "4.0e-04"),
        (p_value(None), "–"),
    ],
)
def test_numbers(shown, words):
    assert shown == words
