"""Plans made before everything is there, from what the study says of it."""

import json
from pathlib import Path

import pytest

from crosscal.exceptions import ArtifactError, DataError, SettingsError
from crosscal.study.config.load import read_study
from crosscal.study.planning import make_plan
from crosscal.study.planning.inputs import ExpectedInputs
from crosscal.study.planning.probe import probe_study

EXPECTED = "{ examples = 3000, characters = 120 }"


def ahead(file, *overrides):
    """Plan a study with what is there; return the plan and what is missing."""
    study, inputs = read_study(file, overrides), ExpectedInputs()
    return make_plan(study, inputs.encoder(study.encoder), inputs), inputs.missing


def absent(field, path, expected=EXPECTED):
    """Override a source by one that is not there."""
    rest = f", expected = {expected}" if expected else ""
    columns = "columns = { text_a = 'a', text_b = 'b', label = 'c' }"
    return f"{field}={{ format = 'columns', path = '{path}', {columns}{rest} }}"


def keys(plan):
    return [stage.key for stage in plan.stages]


def test_where_all_is_there_nothing_is_expected(study_file):
    study = read_study(study_file)
    plan, missing = ahead(study_file)
    assert missing == []
    assert keys(plan) == keys(make_plan(study, Path(study.encoder.name)))
    # What is expected of files that are there changes nothing.
    assert keys(ahead(study_file, f"target.train.expected={EXPECTED}")[0]) == keys(plan)


@pytest.mark.parametrize("path", ["none/{split}.csv", "none/test.csv", "none.{language}.d/a.csv"])
def test_what_is_not_there_has_the_size_that_the_study_says(study_file, path):
    override = absent("target.test", study_file.parent / "data" / path)
    plan, missing = ahead(study_file, override)
    assert [place.name for place in missing] == [
        {"none/{split}.csv": "none", "none/test.csv": "test.csv"}.get(path, "data")
    ]
    summary = plan.datasets["target.test"]
    assert (summary.examples, summary.characters) == (3000, 360_000)
    assert not summary.is_there
    whole = ahead(study_file)[0]
    assert [s.title for s in plan.stages] == [s.title for s in whole.stages]
    # Training does not see the test, so that it keeps its keys.
    trained = [[s.key for s in each.stages if s.kind == "train"] for each in (plan, whole)]
    assert trained[0] == trained[1]
    # To be run, it has to be there.
    with pytest.raises((DataError, SettingsError)):
        make_plan(plan.study, plan.encoder)


def test_what_a_source_says_stands_for_its_examples(study_file, tmp_path):
    one, other = (absent(f"target.{split}", tmp_path / "a.csv") for split in ("train", "dev"))
    plan, missing = ahead(study_file, one, other)
    assert missing == [tmp_path / "a.csv"]
    assert [s.kind for s in plan.stages].count("prepare") == 5  # which split it is is part of it
    digests = {s.source.field: s.examples for s in plan.stages if s.kind == "prepare"}
    assert digests["target.train"] != digests["target.dev"]
    other_size = absent("target.train", tmp_path / "a.csv", EXPECTED.replace("120", "130"))
    assert not set(keys(plan)) >= set(keys(ahead(study_file, other_size, other)[0]))


def test_a_source_is_missing_if_one_of_its_parts_is(study_file, tmp_path):
    also = (
        "target.train.also=[{ format = 'columns', path = '" + str(tmp_path / "more.csv") + "' }]",
        f"target.train.expected={EXPECTED}",
    )
    assert ahead(study_file, *also)[1] == [tmp_path / "more.csv"]
    own = (
        "target.test.by_language.tr.path=" + str(tmp_path / "tr.csv"),
        "target.test.by_language.tr.format=columns",
        f"target.test.expected={EXPECTED}",
    )
    assert ahead(study_file, *own)[1] == [tmp_path / "tr.csv"]


def test_without_a_size_the_error_says_how_to_state_one(study_file, tmp_path):
    with pytest.raises(DataError, match="say how much target.test holds: expected = {") as caught:
        ahead(study_file, absent("target.test", tmp_path / "none.csv", ""))
    assert caught.value.where == str(tmp_path / "none.csv")
    with pytest.raises(SettingsError, match=r"expected\.examples"):
        ahead(study_file, "target.test.expected={ examples = 0, characters = 3 }")


def test_a_file_that_is_wrong_is_refused_as_ever(study_file, tmp_path):
    (tmp_path / "train.csv").write_text("a,b,c\none,two,perhaps\n")
    with pytest.raises(DataError, match="perhaps"):
        ahead(study_file, absent("target.train", tmp_path / "train.csv"))
    unknown = absent("target.test", tmp_path / "none.csv").replace("'columns'", "'colums'")
    with pytest.raises(SettingsError, match="Did you mean 'columns'"):
        ahead(study_file, unknown)


def test_a_translator_may_be_missing(study_file, tmp_path):
    translate = "{ translator = 'seq2seq', to = 'tr', settings = { model = 'opus' } }"
    plan, missing = ahead(study_file, f"target.translate={translate}")
    assert missing == [tmp_path / "opus"]  # seen from the study file
    assert [s.kind for s in plan.stages].count("translate") == 1


def test_of_an_encoder_the_configuration_is_enough(study_file, tmp_path):
    whole = Path(read_study(study_file).encoder.name)
    bare = tmp_path / "bare"
    bare.mkdir()
    with pytest.raises(ArtifactError, match="configuration"):
        ahead(study_file, f"encoder.name={bare}")
    (bare / "config.json").write_text((whole / "config.json").read_text())
    plan, missing = ahead(study_file, f"encoder.name={bare}")
    assert [path.name for path in missing] == ["model.safetensors", "tokenizer.json"]
    titles = [s.title for s in ahead(study_file)[0].stages]
    assert [s.title for s in plan.stages] == titles
    # What it cannot do is said all the same.
    more = json.loads((bare / "config.json").read_text())["num_hidden_layers"] + 1
    with pytest.raises(SettingsError, match="layers were asked for"):
        ahead(study_file, f"encoder.name={bare}", f"encoder.layers={more}")


def test_speed_is_measured_with_the_examples_of_one_task(study_file, tmp_path):
    gone = [absent(f"target.{split}", tmp_path / "none.csv") for split in ("train", "dev", "test")]
    plan, _ = ahead(study_file, *gone)
    assert {probe.kind for probe in probe_study(plan, 0.01)} == {"train", "predict"}
    gone += [
        absent(f"intermediate.paraphrase.{split}", tmp_path / "none.csv")
        for split in ("train", "dev")
    ]
    with pytest.raises(DataError, match="no training examples are there"):
        probe_study(ahead(study_file, *gone)[0], 0.01)
