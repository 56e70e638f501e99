"""Stages are shared where they agree, and keys change exactly when results can."""

from pathlib import Path

import pytest

from crosscal.errors import DataError
from crosscal.study.plan import make_plan
from crosscal.study.reading import read_study


def plan(file, *overrides):
    study = read_study(file, overrides)
    return make_plan(study, Path(study.encoder.name))


def keys(made, kind):
    return {stage.key for stage in made.stages if stage.kind == kind}


def test_recipes_and_seeds_share_what_they_agree_on(study_file):
    made = plan(study_file)
    counts = {kind: len(keys(made, kind)) for kind in ("prepare", "train", "predict", "collect")}
    # Five sources; per seed the target alone, the intermediate task, the target after it.
    assert counts == {"prepare": 5, "train": 6, "predict": 4, "collect": 4}
    assert made.asked > len(made.stages)


def test_a_chain_shares_its_beginning(study_file):
    chain = 'recipes.chain.intermediate=["paraphrase", "paraphrase"]'
    one, two = plan(study_file), plan(study_file, chain)
    assert keys(one, "train") < keys(two, "train")
    assert len(keys(two, "train")) == 10  # two further stages a seed: again, and the target


@pytest.mark.parametrize(
    "override",
    [
        "training.epochs=2",
        "training.dropout=0.2",
        "encoder.pooling=first",
        "encoder.layers=2",
        "target.train.clusters=41",
        "execution.threads=2",
        "seeds=[3, 4]",
    ],
)
def test_what_can_change_results_changes_keys(study_file, override):
    assert keys(plan(study_file), "predict").isdisjoint(keys(plan(study_file, override), "predict"))


@pytest.mark.parametrize(
    "override",
    [
        "name=other",
        "question=why",
        "execution.executor=processes",
        "execution.workers=1",
        "execution.checkpoint_seconds=5",
        "analysis.bins=10",
        "encoder.network=true",
    ],
)
def test_what_cannot_change_results_does_not_change_keys(study_file, override):
    for kind in ("prepare", "train", "predict"):
        assert keys(plan(study_file), kind) == keys(plan(study_file, override), kind)


def test_test_data_do_not_touch_training(study_file):
    one, two = plan(study_file), plan(study_file, 'target.languages=["en", "sw"]')
    assert keys(one, "train") == keys(two, "train")
    assert keys(one, "predict").isdisjoint(keys(two, "predict"))


def test_clusters_are_kept_whole_and_spread(study_file):
    reading = plan(study_file).readings["target.test"]
    clusters = [e.cluster_id for e in reading.examples if e.language == "tr"]
    assert len(clusters) == 60
    assert all(clusters.count(cluster) == 3 for cluster in clusters)
    with pytest.raises(DataError, match="there are 80"):
        plan(study_file, "target.test.clusters=81")
