"""Studies that compare regimes of recalibration: what is planned, predicted and written."""

from __future__ import annotations

import importlib

import pytest

from crosscal.analysis.recalibration_transfer import RegimeResults
from crosscal.exceptions import DataError, SettingsError
from crosscal.predictions import read_predictions
from crosscal.study.config.load import read_study
from crosscal.study.running import run_study
from tests.study.test_running import Silent, opened

REGIMES = (
    "recalibration={ regimes = ['oracle', 'few-shot', 'predicted'], few_shot = [0, 6], draws = 10 }"
)
LABELS = ("entailment", "neutral", "contradiction")


@pytest.fixture
def parallel(tmp_path):
    """Development and test files in two languages, 12 premises each."""
    for split in ("dev", "test"):
        for code, word in (("en", "word"), ("tr", "kelime")):
            rows = [
                f"{split} {word} {premise}\tno {word} {premise} {label}\t{label}"
                for premise in range(12)
                for label in LABELS
            ]
            (tmp_path / f"{split}-{code}.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return tmp_path


def overrides(parallel, *more):
    return (
        f"target.test={{ format = 'xnli-xtreme', path = '{parallel}' }}",
        f"target.calibration={{ format = 'xnli-xtreme', path = '{parallel}' }}",
        "target.languages=['en', 'tr']",
        "seeds=[1]",
        "recipes={ direct = {} }",
        "training.epochs=1",
        *more,
    )


def judge(monkeypatch, verdict):
    """Let every run count as collapsed for this reason, or none."""
    for name in ("analyse", "recalibration_transfer.compare"):
        module = importlib.import_module(f"crosscal.analysis.{name}")
        monkeypatch.setattr(module, "collapse_reason", lambda *_, **__: verdict)


def test_calibration_rows_are_predicted_and_regimes_compared(
    study_file, parallel, tmp_path, monkeypatch
):
    # A run of seconds may learn nothing; that is not what is tested here.
    judge(monkeypatch, None)
    plan = opened(study_file, *overrides(parallel, REGIMES))
    outcome = run_study(plan, tmp_path / "results", Silent())
    (file,) = (outcome.folder / "predictions").glob("*.parquet")
    table = read_predictions(file)
    assert table.languages("calibration") == ("en", "tr")
    part = table.select(language="tr", split="calibration")
    assert len(part.gold) == 36
    tested = table.select(language="tr", split="test").cluster_ids
    assert not set(part.cluster_ids) & set(tested)
    found = outcome.recalibration["target"]
    assert found.settings["learnt_from"] == "calibration"
    text = (outcome.folder / "recalibration.json").read_text(encoding="utf-8")
    assert RegimeResults.from_json(text) == found
    assert found.find(quantity="gain", regime="few-shot", k=6, language="tr", metric="nll")


def test_collapsed_runs_leave_nothing_to_compare(study_file, parallel, tmp_path, monkeypatch):
    judge(monkeypatch, "it learnt nothing")
    plan = opened(study_file, *overrides(parallel, REGIMES))
    outcome = run_study(plan, tmp_path / "results", Silent())
    assert outcome.recalibration["target"].estimates == []


def test_stages_of_a_study_without_calibration_rows_stay_as_they_were(study_file, parallel):
    with_rows = opened(study_file, *overrides(parallel))
    without = opened(study_file, *(o for o in overrides(parallel) if "calibration" not in o))
    keys = {stage.key for stage in with_rows.stages}
    shared = [stage for stage in without.stages if stage.kind != "collect"]
    assert {stage.key for stage in shared} <= keys
    extra = [s.title for s in with_rows.stages if "calibration" in s.title]
    assert extra == ["tokenise mini-nli, calibration", "predict calibration, recipe direct, seed 1"]


def test_comparing_regimes_changes_no_stage(study_file):
    plain, asked = opened(study_file), opened(study_file, REGIMES)
    assert [stage.key for stage in plain.stages] == [stage.key for stage in asked.stages]


def test_recalibrating_on_tested_clusters_is_refused_before_training(study_file, parallel):
    same = f"target.calibration={{ format = 'xnli-xtreme', path = '{parallel}', split = 'test' }}"
    with pytest.raises(DataError, match="among the test examples"):
        opened(study_file, *overrides(parallel, REGIMES, same))


@pytest.mark.parametrize(
    ("override", "why"),
    [
        ("recalibration.regimes=['orcale']", "oracle"),
        ("recalibration={ regimes = ['oracle'], draws = 200 }", "draws"),
        ("recalibration.few_shots=[1]", "few_shot"),
    ],
)
def test_mistakes_are_said_early(study_file, override, why):
    with pytest.raises(SettingsError, match=why):
        read_study(study_file, [override])


def test_split_of_calibration_rows_is_dev_unless_named(study_file, parallel):
    study = read_study(study_file, overrides(parallel))
    assert study.targets["target"].calibration.split == "dev"
