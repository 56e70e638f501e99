"""Temperatures of events."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, log_expit

from crosscal.analysis.events import events, fit_temperature
from crosscal.analysis.events.event import RawEvents
from crosscal.analysis.events.registry import EVENTS
from crosscal.calibration import ConvergenceWarning, TemperatureScaling
from crosscal.calibration.notion import outcomes
from crosscal.exceptions import DataError, SettingsError
from crosscal.predictions import read_predictions, write_predictions


def raw(confidence_at, correct, **more):
    n = len(correct)
    ids = np.array([f"u{i}" for i in range(n)])
    return RawEvents(
        confidence_at=confidence_at,
        correct=np.asarray(correct, dtype=np.float64),
        cluster_ids=ids,
        unit_ids=ids,
        kinds=np.full(n, "x"),
        **more,
    )


def loss(logits, correct):
    return -np.mean(correct * log_expit(logits) + (1 - correct) * log_expit(-logits))


@pytest.mark.parametrize("scale", [0.02, 1.0, 40.0])
@pytest.mark.parametrize("soft", [False, True])
def test_the_best_of_a_fine_grid(scale, soft):
    rng = np.random.default_rng(2)
    scores = np.abs(rng.normal(size=2000)) * 3 * scale
    correct = expit(scores / scale / 2.5)
    if not soft:
        correct = rng.random(2000) < correct
    part = raw(lambda t, _: expit(scores / t), correct)
    found, shift = fit_temperature([part])
    grid = np.exp(np.linspace(np.log(0.5 * scale), np.log(8 * scale), 1001))
    best = grid[int(np.argmin([loss(scores / t, part.correct) for t in grid]))]
    assert found == pytest.approx(best, rel=2e-3)
    assert shift == 0
    if soft:
        assert found == pytest.approx(2.5 * scale, rel=1e-5)


def test_two_choices_are_ordinary_temperature_scaling(make_table):
    """With two choices the event's likelihood is that of the right choice."""
    rng = np.random.default_rng(3)
    gold = rng.integers(0, 2, 400)
    scores = rng.normal(size=(400, 2)) * 2
    scores[np.arange(400), gold] += 1.0
    rows = [
        {"unit": f"{split}{i}", "split": split, "scores": scores[i], "gold": int(gold[i])}
        for i, split in enumerate(["dev", "test"] * 200)
    ]
    table = make_table("classification", rows, choices=("a", "b"))
    dev = table.select(language="en", split="dev")
    wanted = TemperatureScaling().fit(dev.scores, dev.gold).temperature_
    assert events(table, "label", temperature="dev")["en"].temperature == pytest.approx(
        wanted, rel=1e-5
    )


def test_units_whose_right_choice_is_absent_count(make_table):
    """Ordinary temperature scaling leaves them out, and is too sure of what it has not seen."""
    rng = np.random.default_rng(4)
    rows = []
    for number in range(1200):
        scores = rng.normal(size=4)
        gold = int(rng.integers(0, 4))
        scores[gold] += 1.5
        if rng.random() < 0.4:
            gold = -1
        split = "dev" if number % 2 else "test"
        rows.append({"unit": f"u{number:04d}", "split": split, "scores": scores, "gold": gold})
    table = make_table("retrieval", rows)
    found = events(table, "nearest", temperature="dev")["en"]
    dev = table.select(language="en", split="dev")
    known = dev.gold >= 0
    test = table.select(language="en", split="test")
    usual = TemperatureScaling().fit(dev.scores[known], dev.gold[known])
    sure = usual.predict_proba(test.scores).max(axis=1).mean() - found.correct.mean()
    ours = found.confidence.mean() - found.correct.mean()
    assert abs(ours) < 0.06
    assert sure > 0.15


def test_pooled_parts_count_by_their_events():
    one = raw(lambda t, _: expit(np.full(30, 2.0) / t), [1] * 20 + [0] * 10)
    two = raw(lambda t, _: expit(np.full(10, 2.0) / t), [1] * 10)
    # Three of four are right: logit log 3 at score 2.
    assert fit_temperature([one, two])[0] == pytest.approx(2 / np.log(3), rel=1e-6)


def test_shift_where_few_are_right():
    values = np.linspace(0.9, 1.0, 400)
    correct = np.zeros(400)
    correct[[380, 390, 399]] = 1
    part = raw(lambda t, s: expit(values / t + s), correct, shifted=True)
    temperature, shift = fit_temperature([part])
    confidence = part.confidence_at(temperature, shift)
    assert confidence.mean() == pytest.approx(3 / 400, rel=1e-6)
    assert confidence[-1] > 10 * confidence[0]


@pytest.mark.parametrize("correct", [[1, 1, 1], [0, 0, 0]])
def test_no_best_temperature_is_said(correct):
    part = raw(lambda t, _: expit(np.array([1.0, 2.0, 3.0]) / t), correct)
    with pytest.warns(ConvergenceWarning, match="or beyond"):
        fit_temperature([part])


def test_no_events():
    with pytest.raises(DataError, match="no events to fit"):
        fit_temperature([])
    with pytest.raises(DataError, match="no events to fit"):
        fit_temperature([raw(lambda t, _: np.empty(0), [])])


def table_with_dev(make_table, languages):
    rng = np.random.default_rng(5)
    return make_table(
        "classification",
        [
            {
                "unit": f"{split}{n}",
                "cluster": f"{language}{split}{n}",
                "language": language,
                "split": split,
                # The first is right more often; English is surer of it than the others.
                "scores": rng.normal(size=2) + np.eye(2)[0] * (2.0 if language == "en" else 1.0),
                "gold": int(rng.random() < 0.3),
            }
            for split in ("dev", "test")
            for language in languages
            for n in range(80)
        ],
        choices=("a", "b"),
    )


def test_development_rows_of_the_baseline_language(make_table):
    """English ones alone, if there are any, else all."""

    def by_hand(table, languages):
        parts = [table.select(language=code, split="dev") for code in languages]
        scores, gold = (np.concatenate([getattr(p, n) for p in parts]) for n in ("scores", "gold"))
        return TemperatureScaling().fit(scores, gold).temperature_

    for languages, fitted_on in ((("en", "sw"), ("en",)), (("sw", "zh"), ("sw", "zh"))):
        table = table_with_dev(make_table, languages)
        found = events(table, "label", temperature="dev")
        wanted = by_hand(table, fitted_on)
        assert [found[code].temperature for code in languages] == pytest.approx([wanted] * 2, 1e-4)


def test_never_fitted_and_judged_on_the_same_rows(make_table):
    table = table_with_dev(make_table, ("en", "sw"))
    with pytest.raises(SettingsError, match="cannot be judged on them"):
        events(table, "label", split="dev", temperature="dev")


def test_the_same_rows_under_the_name_of_another_split(make_table):
    rng = np.random.default_rng(6)
    rows = [
        {"unit": f"u{n:03d}", "scores": rng.normal(size=2), "gold": n % 2, "split": "test"}
        for n in range(60)
    ]
    copies = [{**row, "split": "dev"} for row in rows]
    # Equal ids of other rows are no reason to refuse.
    others = [
        {**row, "scores": rng.normal(size=2) + np.eye(2)[n % 2]} for n, row in enumerate(copies)
    ]
    some = [*copies[:3], *others[3:]]
    for dev, refused in ((copies, True), (some, True), (others, False)):
        table = make_table("classification", [*rows, *dev], choices=("a", "b"))
        if refused:
            with pytest.raises(SettingsError, match="to be judged in en are development rows"):
                events(table, "label", temperature="dev")
        else:
            assert events(table, "label", temperature="dev")["en"].temperature != 1


def test_events_as_choices(make_table):
    table = table_with_dev(make_table, ("en",))
    found = events(table, "label")["en"]
    values, gold = found.as_choices()
    confidence, correct = outcomes(values, gold, notion=1, given="probabilities")
    assert (confidence == found.confidence).all()
    assert (correct == found.correct).all()
    soft = replace(found, correct=np.full(len(found), 0.3))
    with pytest.raises(DataError, match="neither right nor wrong"):
        soft.as_choices()


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf"), "english"])
def test_bad_temperatures(make_table, temperature):
    with pytest.raises(SettingsError, match="temperature is"):
        events(table_with_dev(make_table, ("en",)), "label", temperature=temperature)


def test_names_and_splits(make_table):
    table = table_with_dev(make_table, ("en",))
    with pytest.raises(SettingsError, match="Did you mean 'label'"):
        events(table, "lable")
    with pytest.raises(DataError, match="The splits are dev, test"):
        events(table, "label", split="train")


def test_tables_from_files(make_table, tmp_path):
    table = table_with_dev(make_table, ("en", "sw"))
    write_predictions(table, tmp_path / "p.parquet")
    for name in EVENTS["classification"]:
        ours, theirs = events(table, name), events(read_predictions(tmp_path / "p.parquet"), name)
        assert list(ours) == list(theirs) == ["en", "sw"]
        assert (ours["sw"].confidence == theirs["sw"].confidence).all()
