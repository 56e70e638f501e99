"""What the analysis would refuse is refused by the plan and by the look at the data."""

from __future__ import annotations

import pytest

from crosscal.cli.inspect import data_check
from crosscal.exceptions import CrosscalError
from crosscal.study.config.load import read_study
from crosscal.study.planning import make_plan

STUDY = """\
name = "checked"
[[task]]
name = "checked-labels"
labels = ["neg", "pos"]
[encoder]
name = "{encoder}"
[target]
task = "checked-labels"
languages = ["en", "sv"]
train = {{ format = "tsv-texts", path = "{{language}}.tsv" }}
dev = {{ format = "tsv-texts", path = "{{language}}.tsv" }}
test = {{ format = "tsv-texts", path = "{{language}}.tsv" }}
[training]
max_length = 48
"""


@pytest.fixture
def refused(tmp_path, tiny_encoder):
    """Return what both verbs say of a study with these settings; they must say the same."""
    encoder = tiny_encoder("bert")
    for code in ("en", "sv"):
        lines = "".join(f"{code} {i}\t{('neg', 'pos')[i % 2]}\n" for i in range(6))
        (tmp_path / f"{code}.tsv").write_text(lines, encoding="utf-8")
    (tmp_path / "pairs.tsv").write_text("a\tb\tneg\nc\td\tpos\n", encoding="utf-8")
    (tmp_path / "one.tsv").write_text("a\tneg\n", encoding="utf-8")
    file = tmp_path / "study.toml"
    file.write_text(STUDY.format(encoder=encoder), encoding="utf-8")

    def run(*overrides):
        said = []
        for look in (
            lambda: make_plan(read_study(file, overrides), encoder),
            lambda: data_check(file, list(overrides)),
        ):
            with pytest.raises(CrosscalError) as caught:
                look()
            said.append(str(caught.value).replace(str(tmp_path), ""))
        assert said[0] == said[1]
        return said[0]

    run.file, run.encoder = file, encoder
    return run


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (['target.languages=["en", "swedish"]'], ["target.languages", "Write 'sv'"]),
        (['target.languages=["en", "xx"]'], ["unknown language 'xx'", "BCP 47"]),
        (['target.train_languages=["EN"]'], ["target.train_languages", "Write 'en'"]),
        (['target.dev_languages=["zz"]'], ["target.dev_languages", "unknown language 'zz'"]),
        (['target.dev_languages=["sv", "sv"]'], ["dev_languages", "listed twice"]),
        (['target.languages=["eng_Latn", "sv"]'], ["baseline = 'eng_Latn'"]),
        (["analysis.level=0.999", "analysis.replicates=100"], ["do not reach the ends"]),
        (["analysis.margin=0"], ["analysis.margin"]),
        (['analysis.groups={sv=["sv"]}'], ["a group is named like the language 'sv'"]),
        (['target.test={format="tsv-texts", path="one.tsv", split="x"}', 'target.languages=["en"]'],
         ["1 independent cluster of examples in 'en'", "target.test"]),
        (['target.test={format="tsv-pairs", path="pairs.tsv"}', 'target.languages=["en"]'],
         ["these are single texts, but those of target.test are pairs"]),
        (['target.test={format="tsv-texts", path="en.tsv"}'],
         ["cannot hold 2 languages", "by_language"]),
        (['recalibration.regimes=["oracle"]', "recalibration.folds=9"],
         ["6 independent clusters", "9 are needed as there are so many folds"]),
        (['recalibration.regimes=["english"]', 'recalibration.folds=2',
          'target.dev={format="tsv-texts", path="en.tsv", split="test"}'],
         ["is among the test examples too"]),
        (["target.translate={to='english'}"], ["translate.to", "Write 'en'"]),
        (['target.task="mini-nli"', 'target.train={format="tsv-texts", path="en.tsv"}'],
         ["unknown label 'neg'"]),
        (['target.task="mlm"'], ["is not scored, and cannot be a target"]),
    ],
)  # fmt: skip
def test_both_verbs_refuse_what_the_run_would(refused, overrides, words):
    said = refused(*overrides)
    for word in words:
        assert word in said


def test_a_sound_study_is_planned_and_looked_at(refused, capsys):
    assert make_plan(read_study(refused.file), refused.encoder).stages
    data_check(refused.file)
    assert "target.test" in capsys.readouterr().out


def test_tasks_that_say_how_many_texts_they_have(refused):
    override = 'task=[{name="checked-pairs", labels=["neg", "pos"], texts=2}]'
    said = refused(override, 'target.task="checked-pairs"')
    assert "is about pairs of texts, but these are single texts" in said
    assert "target.train" in said


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('{name="bad-a", labels=["x", "y"], scoring="pos"}', "'pos' scores tagging"),
        ('{name="bad-b", labels=["x", "y"], texts=3}', "cannot have texts = 3"),
        ('{name="bad-c", labels=["x", " "]}', "a label is empty"),
        ('{name="bad-d", labels=["x"]}', "two different labels"),
        ('{name="bad-e", lables=["x"]}', "Did you mean 'labels'"),
        ('{name="bad-f", labels=["x", "y"], family="span"}', "has no labels"),
        ('{labels=["x", "y"]}', "'name' is missing"),
    ],
)
def test_tasks_of_a_study_are_checked(refused, table, words):
    assert words in refused(f"task=[{table}]")
