"""Stages are shared where they agree, and keys change exactly when results can."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError, SettingsError
from crosscal.study.config.load import read_study
from crosscal.study.planning import make_plan
from crosscal.study.planning.datasets import distinct_names, read_all
from crosscal.translation import translator as translators

NLI = ("entailment", "neutral", "contradiction")


def plan(file, *overrides):
    study = read_study(file, overrides)
    return make_plan(study, Path(study.encoder.name))


def examples(file, field, *overrides):
    """Read the examples of a source of a study."""
    return read_all(read_study(file, overrides))[0][field].examples


def keys(made, kind):
    return {stage.key for stage in made.stages if stage.kind == kind}


def test_recipes_and_seeds_share_what_they_agree_on(study_file):
    made = plan(study_file)
    counts = {kind: len(keys(made, kind)) for kind in ("prepare", "train", "predict", "collect")}
    # Five sources; per seed the target alone, the intermediate task, the target after it.
    assert counts == {"prepare": 5, "train": 6, "predict": 4, "collect": 4}
    assert made.n_requested > len(made.stages)


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
        "execution.executor=slurm",
        "cluster.gpus=1",
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
    reading = examples(study_file, "target.test")
    clusters = [e.cluster_id for e in reading if e.language == "tr"]
    assert len(clusters) == 60
    assert all(clusters.count(cluster) == 3 for cluster in clusters)
    # More than there are: all.
    reading = examples(study_file, "target.test", "target.test.clusters=10000")
    whole = read_examples("mini-nli", split="test", languages=("en", "tr", "zh"), labels=NLI)
    assert reading == whole.examples


def test_targets_share_what_comes_before_them(several):
    made = plan(several)
    counts = {kind: len(keys(made, kind)) for kind in ("prepare", "train", "predict", "collect")}
    # A seed: first, second after first, both, both with text; then each of two targets from
    # scratch and after each of the four. 'begun' is the beginning of 'chain'.
    assert counts["train"] == 2 * (4 + 2 * 5)
    assert counts["predict"] == counts["collect"] == 2 * 2 * 5
    # Of the two targets 3 and 2 (its test is its development split), 2 of each intermediate
    # task, and the text.
    assert counts["prepare"] == 3 + 2 + 2 + 2 + 1
    runs = {(run.target, run.recipe, run.seed) for run in made.runs}
    assert len(runs) == len(made.runs) == 20
    assert {len(run.training) for run in made.runs if run.recipe == "chain"} == {3}
    assert {len(run.training) for run in made.runs if run.recipe == "with-text"} == {2}


def test_stages_of_several_tasks_say_so(several):
    made = plan(several)
    (run,) = (r for r in made.runs if (r.target, r.recipe, r.seed) == ("nli", "with-text", 1))
    stage = run.training[0]
    assert [part.name for part in stage.parts] == ["first", "second", "mlm"]
    assert [part.family for part in stage.parts] == [
        "classification",
        "classification",
        "masked language modelling",
    ]
    assert stage.mixture.mlm == 0.25
    roles = {"train:first", "dev:first", "train:second", "dev:second", "train:mlm"}
    assert set(run.training[0].inputs) == roles
    assert set(run.training[1].inputs) == {"train:target", "dev:target", "start"}
    assert run.training[1].inputs["start"] == run.training[0].node
    assert "masked language modelling" in run.training[0].title
    # What the target is trained on does not depend on how the stage before was mixed.
    assert run.training[1].mixture.mlm == 0.0
    data = run.table.provenance["data"]
    assert {"en.txt", "ar.txt"} <= set(data)


def test_keys_are_stable(several):
    """The same study has the same keys, in another process too; names of targets are no part."""
    made = plan(several)
    again = plan(several)
    assert [stage.key for stage in made.stages] == [stage.key for stage in again.stages]
    code = (
        "import sys; from pathlib import Path; from crosscal.study.planning import make_plan; "
        "from crosscal.study.config.load import read_study; "
        "study = read_study(Path(sys.argv[1])); "
        "print(*(s.key for s in make_plan(study, Path(study.encoder.name)).stages))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(several)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [stage.key for stage in made.stages]
    several.write_text(several.read_text().replace("[targets.nli]", "[targets.other]"))
    renamed = plan(several)
    for kind in ("prepare", "train", "predict"):
        assert keys(renamed, kind) == keys(made, kind)


@pytest.mark.parametrize(
    ("override", "changed"),
    [
        ("recipes.with-text.mlm=0.3", {"with-text"}),
        ("recipes.at-once.sampling=proportional", {"at-once"}),
        ("recipes.begun.sampling=capped", set()),
        ("intermediate.second.train_languages=['en']", set()),
        ("intermediate.second.training={epochs=2}", {"chain"}),
        ("intermediate.first.training={epochs=2}", {"chain", "begun", "at-once", "with-text"}),
        ("mlm.languages=['ar']", {"with-text"}),
    ],
)
def test_changes_reach_the_recipes_they_concern(several, override, changed):
    def predicted(made):
        found = {}
        for run in made.runs:
            found.setdefault(run.recipe, set()).add(run.table.inputs["scores:0"])
        return found

    before, after = predicted(plan(several)), predicted(plan(several, override))
    assert {recipe for recipe in before if before[recipe] != after[recipe]} == changed


def test_languages_of_training_are_read_and_part_of_the_key(study_file, tmp_path):
    for language in ("en", "tr"):
        rows = [f"{language} a {i}\tb {i}\t{label}\n" for i, label in enumerate(NLI * 2)]
        (tmp_path / f"{language}.tsv").write_text("".join(rows), encoding="utf-8")
    path = str(tmp_path / "{language}.tsv")
    own = f'target.train={{format="tsv-pairs", path="{path}"}}'
    both = (own, 'target.train_languages=["en", "tr"]')
    one, two = plan(study_file, own), plan(study_file, *both)
    languages = [each.language for each in examples(study_file, "target.train", *both)]
    assert languages == ["en"] * 6 + ["tr"] * 6
    assert {e.language for e in examples(study_file, "target.train", own)} == {"en"}
    assert {e.language for e in examples(study_file, "target.dev", *both)} == {"en"}
    # The intermediate task stays what it was; what follows it, and the target alone, change.
    assert len(keys(one, "train") & keys(two, "train")) == 2
    assert keys(one, "predict").isdisjoint(keys(two, "predict"))


def test_text_that_is_asked_for_must_be_there(several):
    text = several.read_text()
    several.write_text(text[: text.index("[mlm]")] + text[text.index("[recipes.direct]") :])
    with pytest.raises(SettingsError, match=r"\[mlm\]") as caught:
        plan(several)
    assert "recipes.with-text.mlm" in str(caught.value.where)


def test_files_of_one_name_are_told_apart(study_file, tmp_path):
    sources = []
    for split, words in (("train", "a b"), ("dev", "c d")):
        (tmp_path / split).mkdir()
        rows = [f"{words} {i}\t{words}\t{label}\n" for i, label in enumerate(NLI)]
        (tmp_path / split / "en.tsv").write_text("".join(rows), encoding="utf-8")
        path = str(tmp_path / split / "{language}.tsv")
        sources.append(f'target.{split}={{format="tsv-pairs", path="{path}"}}')
    made = plan(study_file, *sources)
    direct = next(run for run in made.runs if run.recipe == "direct")
    data = direct.table.provenance["data"]
    assert {name for name in data if name.endswith("/en.tsv")} == {"train/en.tsv", "dev/en.tsv"}
    assert data["train/en.tsv"] != data["dev/en.tsv"]
    # The rest keep their names, and with them the keys of their stages.
    assert all("/" not in name for name in data if not name.endswith("/en.tsv"))


def test_development_data_without_gold_are_refused_before_training(study_file, tmp_path):
    sources = []
    for split, answers in (("train", [{"text": "cat", "answer_start": 4}]), ("dev", None)):
        question = {"id": "q", "question": "Who?"} | ({"answers": answers} if answers else {})
        paragraph = {"context": "The cat sleeps.", "qas": [question]}
        file = tmp_path / f"{split}.json"
        file.write_text(json.dumps({"data": [{"title": "t", "paragraphs": [paragraph]}]}))
        sources.append(f'{split} = {{ format = "squad", path = "{file}" }}')
    task = f'intermediate.paraphrase={{ task = "squad1", {", ".join(sources)} }}'
    with pytest.raises(DataError, match="the question has no answers") as caught:
        plan(study_file, task)
    assert "dev.json" in str(caught.value.where)


@pytest.mark.parametrize(
    ("field", "override"),
    [
        ("paraphrase.train", "intermediate.paraphrase.train.format=squad"),
        (
            "paraphrase.train",
            'intermediate.paraphrase.train.also=[{ format = "text", path = "x.txt" }]',
        ),
        ("target.test", "target.test.format=wikipedia"),
    ],
)
def test_a_format_of_another_family_is_refused(study_file, field, override):
    with pytest.raises(SettingsError, match="holds examples of the family") as caught:
        plan(study_file, override)
    assert caught.value.where == f"{field}.format"


class Shouting:
    """Translates into capitals."""

    name, identity = "shouting", "shouting 1"

    def __init__(self, source, target):
        self.source, self.target = source, target

    def translate(self, texts):
        return [text.upper() for text in texts]


@pytest.fixture
def shouting(monkeypatch):
    monkeypatch.setattr(translators, "_loader", lambda name: Shouting)


@pytest.mark.parametrize(("setting", "split"), [("translate", "train"), ("translate_test", "test")])
def test_a_translation_with_nothing_to_do_is_refused(study_file, shouting, setting, split):
    how = f'target.{setting}={{ translator = "shouting", to = "en" }}'
    with pytest.raises(SettingsError, match="in 'en' already") as caught:
        plan(study_file, 'target.languages=["en"]', how)
    assert caught.value.where == f"target.{split}"


def test_what_is_translated_is_not_tokenised_untranslated(study_file, shouting):
    made = plan(study_file, 'target.translate={ translator = "shouting", to = "tr" }')
    titles = [s.title for s in made.stages if s.title.startswith("tokenise mini-nli, train")]
    assert titles == ["tokenise mini-nli, train, translated"]
    used = {node for stage in made.stages for node in stage.inputs.values()}
    tables = {run.table.node for run in made.runs}
    assert {stage.node for stage in made.stages} == used | tables


def test_tagged_words_are_not_translated(study_file, shouting, tmp_path):
    (tmp_path / "tags").mkdir()
    for split in ("train", "dev"):
        (tmp_path / "tags" / f"{split}-en.tsv").write_text("Cats\tNOUN\nsleep\tVERB\n\n")
    source = f'{{ format = "udpos-xtreme", path = "{tmp_path / "tags"}" }}'
    task = f'{{ task = "udpos", train = {source}, dev = {source}, '
    task += 'translate = { translator = "shouting", to = "tr" } }'
    with pytest.raises(SettingsError, match="lose their tags") as caught:
        plan(study_file, f"intermediate.paraphrase={task}")
    assert caught.value.where == "paraphrase.train"


def test_names_are_as_short_as_tells_files_apart():
    hashes = {
        Path("/one/x/en.txt"): "1",
        Path("/two/x/en.txt"): "2",
        Path("/two/y/en.txt"): "1",
        Path("/two/y/de.txt"): "3",
        Path("/two/z/de.txt"): "3",
    }
    assert distinct_names(hashes) == {
        "one/x/en.txt": "1",
        "two/x/en.txt": "2",
        "y/en.txt": "1",
        "de.txt": "3",
    }
