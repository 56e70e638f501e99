"""Speeds of estimates: of finished stages, of a probe, of a matrix product, in this order."""

from dataclasses import replace
from pathlib import Path

import pytest

from crosscal.exceptions import ArtifactError
from crosscal.study.config.load import read_study
from crosscal.study.execution.executors import InlineExecutor
from crosscal.study.execution.scheduler import run_plan
from crosscal.study.execution.store import Store
from crosscal.study.planning import make_plan, probe
from crosscal.study.planning.estimate import estimate_stages
from crosscal.study.planning.probe import FILE, probe_study, read_probes, write_probes
from tests.study.test_running import Silent


@pytest.fixture
def plan(study_file):
    study = read_study(study_file, ())
    return make_plan(study, Path(study.encoder.name))


def speeds(plan, folder):
    estimates = estimate_stages(plan, folder)
    return {s.kind: estimates[s.key].speed for s in plan.stages if s.key in estimates}


def test_the_best_speed_that_is_known_counts(plan, tmp_path):
    matrix = "a matrix product"
    assert speeds(plan, tmp_path) == {
        **dict.fromkeys(("prepare", "collect"), None),
        **dict.fromkeys(("train", "predict"), matrix),
    }
    probes = probe_study(plan, 0.05)
    assert [probe.kind for probe in probes] == ["train", "predict"]
    assert all(probe.tokens_per_second > 0 for probe in probes)
    write_probes(tmp_path, probes)
    assert set(speeds(plan, tmp_path).values()) == {None, "crosscal bench"}
    train = next(s for s in plan.stages if s.kind == "train")
    work = estimate_stages(plan, tmp_path)[train.key]
    faster = replace(probes[0], operations_per_second=1000 * probes[0].operations_per_second)
    write_probes(tmp_path, [faster])
    sooner = estimate_stages(plan, tmp_path)[train.key]
    assert (work.seconds - 3) / (sooner.seconds - 3) == pytest.approx(1000)
    # Only what runs on the same hardware, with the same threads, in the same precision.
    (tmp_path / FILE).unlink()
    write_probes(tmp_path, [replace(probe, hardware="another card") for probe in probes])
    assert set(speeds(plan, tmp_path).values()) == {None, matrix}
    assert len(read_probes(tmp_path, anywhere=True)) == 2

    store = Store(tmp_path / "store")
    with InlineExecutor(store) as executor:
        run_plan(plan.stages[:3], store, executor, Silent())  # the first training is done
    assert speeds(plan, tmp_path)["train"] == "finished stages"


def test_a_probe_of_few_examples_needs_no_token_that_the_many_lack(plan, monkeypatch):
    monkeypatch.setattr(probe, "_MANY", 50)
    stage = next(s for s in plan.stages if s.kind == "prepare" and s.source.split == "train")
    examples = stage.source.read().examples
    known = set(probe.tokenised_sample(stage, examples, 50).ids.tolist())
    for count in (1, 3, 7, 20, 33, 49):
        assert set(probe.tokenised_sample(stage, examples, count).ids.tolist()) <= known


def test_probes_that_cannot_be_read_are_told_of(tmp_path):
    (tmp_path / FILE).write_text('[{"speed": 1}]')
    with pytest.raises(ArtifactError, match="cannot be read"):
        read_probes(tmp_path, anywhere=True)


def test_a_newer_probe_takes_the_place_of_an_older(plan, tmp_path):
    probes = probe_study(plan, 0.01)
    write_probes(tmp_path, probes)
    write_probes(tmp_path, [replace(probes[0], tokens_per_second=5.0)])
    kept = read_probes(tmp_path, anywhere=False)
    assert [p.kind for p in kept] == ["predict", "train"]
    assert kept[1].tokens_per_second == 5.0
