"""Regimes on languages whose temperatures are known."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from crosscal.analysis import AnalysisSettings
from crosscal.analysis.recalibration_transfer import RegimeResults, RegimeSettings, compare_regimes
from crosscal.calibration import TemperatureScaling
from crosscal.exceptions import DataError, SettingsError
from tests.analysis.recalibration_transfer.conftest import FEATURE, TEMPERATURES, world

QUICK = AnalysisSettings(
    replicates=100, noise_resamples=100, groups={"far": ("xe", "xg"), "near": ("xa", "xb")}
)
FEATURES = {code: {"distance": x} for code, x in FEATURE.items()}


@pytest.fixture(scope="module")
def found(big_world):
    return compare_regimes(
        [big_world],
        settings=QUICK,
        recalibration=RegimeSettings(few_shot=(0, 30, 1000), draws=12),
        features=FEATURES,
    )


def fit_of(found, regime, language, k=None):
    return next(
        row
        for row in found.fits
        if (row["regime"], row["language"], row["k"]) == (regime, language, k)
    )


def value(found, **wanted):
    (row,) = found.find(**wanted)
    return row.value


def test_oracle_finds_the_temperatures(found):
    for code, truth in TEMPERATURES.items():
        assert fit_of(found, "oracle", code)["temperature"] == pytest.approx(truth, rel=0.08)


def test_english_is_fitted_on_english_alone(found, big_world):
    dev = big_world.select(language="en", split="dev")
    alone = TemperatureScaling().fit(dev.scores, dev.gold).temperature_
    assert {fit_of(found, "english", code)["temperature"] for code in TEMPERATURES} == {alone}


def test_leave_one_out_leaves_the_language_out(found, big_world):
    parts = [
        big_world.select(language=code, split="calibration")
        for code in TEMPERATURES
        if code != "xg"
    ]
    alone = TemperatureScaling().fit(
        np.concatenate([part.scores for part in parts]), np.concatenate([p.gold for p in parts])
    )
    fitted = fit_of(found, "leave-one-out", "xg")
    assert fitted["temperature"] == pytest.approx(alone.temperature_, rel=1e-9)
    assert fitted["rows"] == 7 * 1500
    mixture = fit_of(found, "mixture", "xg")
    assert mixture["rows"] == 8 * 1500
    # The last is the most overconfident: without it the temperature is lower.
    assert fitted["temperature"] < mixture["temperature"] < TEMPERATURES["xg"]


def test_few_shot_converges_to_the_oracle(found):
    oracle = value(found, quantity="level", regime="oracle", language="xg", metric="nll")
    curve = [
        value(found, quantity="level", regime="few-shot", k=k, language="xg", metric="nll")
        for k in (0, 30, 1000)
    ]
    assert curve[0] > curve[1] > curve[2]
    assert curve[2] == pytest.approx(oracle, abs=0.003)
    spread = [
        (row["temperature_high"] - row["temperature_low"]) / row["temperature"]
        for row in (fit_of(found, "few-shot", "xg", k) for k in (30, 1000))
    ]
    assert spread[1] < spread[0] / 2


def test_no_examples_is_where_the_curves_start(found):
    starts = {"few-shot": "none", "few-shot-pooled": "english", "few-shot-prior": "english"}
    for regime, start in starts.items():
        for metric in ("nll", "brier", "ece"):
            here = value(found, quantity="level", regime=regime, k=0, language="xe", metric=metric)
            there = value(found, quantity="level", regime=start, language="xe", metric=metric)
            assert here == pytest.approx(there, abs=1e-12)


def test_predicted_recovers_a_linear_law(found):
    for law in found.laws:
        truth = TEMPERATURES[law["language"]]
        assert law["languages"] == 7
        assert law["temperature"] == pytest.approx(truth, rel=0.2)
        assert law["r2"] > 0.8
    # Better than not knowing the language: the mean of the others.
    inner = [law for law in found.laws if law["language"] not in ("en", "xg")]
    mean = np.mean(np.log(list(TEMPERATURES.values())))
    for law in inner:
        truth = np.log(TEMPERATURES[law["language"]])
        assert abs(np.log(law["temperature"]) - truth) <= max(0.08, abs(mean - truth) / 2)


def test_gains_are_before_minus_after(found):
    for regime, k in (("oracle", None), ("few-shot", 30)):
        for language, is_group in (("xg", False), ("far", True)):
            place = {"language": language, "is_group": is_group, "metric": "nll"}
            gain = value(found, quantity="gain", regime=regime, k=k, before="english", **place)
            before = value(found, quantity="level", regime="english", **place)
            after = value(found, quantity="level", regime=regime, k=k, **place)
            assert gain == pytest.approx(before - after, abs=1e-12)


def test_recalibration_that_helps_is_seen_to_help(found):
    (gain,) = found.find(
        quantity="gain", regime="oracle", before="none", language="xg", metric="nll"
    )
    assert gain.low > 0.02
    assert 0 < gain.p_value <= 2 / 101
    assert gain.p_holm <= min(1.0, 8 * 2 / 101)
    assert gain.p_holm >= gain.p_value


def test_accuracy_is_kept_by_temperatures(found):
    for row in found.find(quantity="level", language="xf", metric="accuracy"):
        same = value(found, quantity="level", regime="none", language="xf", metric="accuracy")
        assert row.value == pytest.approx(same, abs=1e-12)


def test_results_read_back(found):
    assert RegimeResults.from_json(found.to_json()) == found
    with pytest.raises(DataError, match="format"):
        RegimeResults.from_json("{}")


def test_equal_input_gives_equal_results(small_world):
    again = [
        compare_regimes(
            [small_world],
            settings=QUICK,
            recalibration=RegimeSettings(few_shot=(10, 30), draws=10),
        ).to_json()
        for _ in range(2)
    ]
    assert again[0] == again[1]


def test_cross_fitting_where_there_are_no_calibration_rows(small_world):
    found = compare_regimes(
        [small_world], settings=QUICK, recalibration=RegimeSettings(few_shot=(10, 1000), draws=10)
    )
    assert found.settings["learnt_from"] == "cross-fitted"
    assert fit_of(found, "oracle", "xe")["rows"] == 180 * 4 // 5
    assert fit_of(found, "oracle", "xe")["temperature"] == pytest.approx(
        TEMPERATURES["xe"], rel=0.35
    )
    assert {row["k"] for row in found.fits if row["regime"] == "few-shot"} == {10}


def test_two_seeds_are_averaged():
    runs = [
        world(premises=40, calibration=40, dev=60, languages=("en", "xe"), seed=s) for s in (1, 2)
    ]
    found = compare_regimes(
        runs, settings=QUICK, recalibration=RegimeSettings(regimes=("oracle",), draws=10)
    )
    (row,) = found.find(
        quantity="gain", language="xe", metric="nll", before="none", regime="oracle"
    )
    assert row.seeds == 2
    assert row.value == pytest.approx(np.mean(row.per_seed))


def test_what_cannot_be_is_said():
    with pytest.raises(SettingsError, match="orcale"):
        RegimeSettings(regimes=("orcale",))
    with pytest.raises(SettingsError, match="draws"):
        RegimeSettings(draws=1)
    two = world(premises=20, calibration=20, dev=20, languages=("en", "xe"))
    with pytest.raises(SettingsError, match="too few"):
        compare_regimes([two], settings=QUICK, recalibration=RegimeSettings(draws=60))


def test_calibration_rows_in_some_languages_only_are_refused():
    whole = world(premises=20, calibration=20, dev=20, languages=("en", "xe"))
    table = whole.table
    keep = [
        not (split == "calibration" and code == "xe")
        for split, code in zip(
            table["split"].to_pylist(), table["language"].to_pylist(), strict=True
        )
    ]
    part = type(whole)(whole.provenance, table.filter(keep))
    with pytest.raises(DataError, match="no rows in xe"):
        compare_regimes([part], settings=QUICK, recalibration=RegimeSettings(draws=10))


def test_where_no_other_language_has_a_temperature_nothing_is_predicted():
    run = world(premises=20, calibration=20, dev=20, languages=("en", "xe"))
    splits, codes = (run.table[name].to_pylist() for name in ("split", "language"))
    rows = run.table["scores"].to_pylist()
    # Scores that say nothing, in the calibration rows of English.
    flat = [
        [1.0, 1.0, 1.0] if (split, code) == ("calibration", "en") else row
        for split, code, row in zip(splits, codes, rows, strict=True)
    ]
    place = run.table.column_names.index("scores")
    column = pa.array(flat, type=pa.list_(pa.float32()))
    dull = type(run)(run.provenance, run.table.set_column(place, "scores", column))
    found = compare_regimes(
        [dull], settings=QUICK, recalibration=RegimeSettings(regimes=("predicted",), draws=10)
    )
    assert fit_of(found, "predicted", "xe")["unconverged"] == 1.0
    assert fit_of(found, "predicted", "xe")["temperature"] == 1.0
    assert {law["language"] for law in found.laws} == {"en"}
