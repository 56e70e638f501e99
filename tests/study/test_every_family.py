"""Every family of tasks, every kind of recipe, through plan, stages, scores and analysis."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from crosscal.exceptions import SettingsError
from crosscal.predictions import read_predictions
from crosscal.study.config.load import read_study
from crosscal.study.execution.store import Store
from crosscal.study.planning import make_plan
from crosscal.study.results.report_context import report_context
from crosscal.study.results.scores import best_recipes, score_cells
from crosscal.study.running import run_study
from crosscal.translation import translator as translators

WORDS = {
    "en": "the cat sees a small red house near the river and sleeps".split(),
    "tr": "kedi küçük kırmızı bir ev görür nehir yanında ve uyur".split(),
    "ar": "القطة ترى بيتا صغيرا أحمر قرب النهر وتنام".split(),
}
TAGS = ("NOUN", "VERB")

STUDY = """\
name = "families"
seeds = [1]

[encoder]
name = "{encoder}"

[targets.words]
task = "udpos"
train = {{ format = "udpos-xtreme", path = "pos" }}
dev = {{ format = "udpos-xtreme", path = "pos" }}
test = {{ format = "udpos-xtreme", path = "pos" }}
languages = ["en", "tr", "ar"]

[targets.answers]
task = "xquad"
train = {{ format = "squad", path = "qa/train.en.json" }}
dev = {{ format = "squad", path = "qa/train.en.json" }}
test = {{ format = "xquad", path = "qa" }}
languages = ["en", "ar"]

[targets.pairs]
task = "mini-nli"
train = {{ format = "mini-nli", clusters = 20 }}
dev = {{ format = "mini-nli", clusters = 10 }}
test = {{ format = "mini-nli", clusters = 10 }}
languages = ["en", "tr"]

[targets.pairs-in-english]
task = "mini-nli"
train = {{ format = "mini-nli", clusters = 20 }}
dev = {{ format = "mini-nli", clusters = 10 }}
test = {{ format = "mini-nli", clusters = 10 }}
languages = ["en", "tr"]
translate_test = {{ translator = "shouting", to = "en" }}

[targets.translations]
task = "tatoeba"
test = {{ format = "tatoeba-laser", path = "bitext", split = "test" }}
languages = ["tr", "ar"]
search = {{ neighbours = 3 }}

[intermediate.options]
task = "commonsenseqa"
train = {{ format = "commonsenseqa", path = "options.jsonl" }}
dev = {{ format = "commonsenseqa", path = "options.jsonl" }}

[intermediate.paraphrase]
task = "paraphrase"
train = {{ format = "mini-paraphrase", clusters = 20 }}
dev = {{ format = "mini-paraphrase", clusters = 10 }}

[intermediate.shouted]
task = "paraphrase"
train = {{ format = "mini-paraphrase", clusters = 20 }}
dev = {{ format = "mini-paraphrase", clusters = 10 }}
translate = {{ translator = "shouting", to = "tr" }}

[mlm]
texts = {{ format = "text", path = "text" }}
languages = ["tr", "ar"]

[recipes.direct]

[recipes.chain]
intermediate = ["options", "paraphrase"]

[recipes.at-once]
intermediate = [["options", "paraphrase"]]
sampling = "uniform"
mlm = 0.4

[recipes.translated]
intermediate = ["shouted"]

[training]
epochs = 2
batch_tokens = 128
max_length = 48
evaluations = 1

[analysis]
replicates = 100

[execution]
executor = "in-process"
"""


class Silent:
    """Events that nobody looks at."""

    def started(self, stage):
        """Nothing."""

    def finished(self, stage):
        """Nothing."""

    def tick(self):
        """Nothing."""


class Shouting:
    """Translates into capitals."""

    name = "shouting"
    identity = "shouting 1"

    def __init__(self, source, target):
        self.source, self.target = source, target

    def translate(self, texts):
        # Of those for training, the first is lost.
        lost = self.target == "tr"
        return ["" if lost and not i else text.upper() for i, text in enumerate(texts)]


def sentence(language, rng):
    return rng.sample(WORDS[language], 6)


def write_data(folder: Path) -> None:
    rng = random.Random(4)
    for name in ("pos", "qa", "bitext", "text"):
        (folder / name).mkdir()
    for split, count, codes in (("train", 30, ["en"]), ("dev", 10, ["en"]), ("test", 8, WORDS)):
        for code in codes:
            lines = []
            for _ in range(count):
                lines += [f"{w}\t{TAGS[len(w) % 2]}" for w in sentence(code, rng)] + [""]
            (folder / "pos" / f"{split}-{code}.tsv").write_text("\n".join(lines), encoding="utf-8")
    for code, name in (("en", "train.en"), ("en", "xquad.en"), ("ar", "xquad.ar")):
        paragraphs = []
        for number in range(12):
            words = sentence(code, rng) + sentence(code, rng)
            context, answer = " ".join(words), words[3]
            answers = [{"text": answer, "answer_start": len(" ".join(words[:3])) + 1}]
            question = {"id": f"q{number}", "question": f"{words[2]} ?", "answers": answers}
            paragraphs.append({"context": context, "qas": [question]})
        document = {"version": "1.1", "data": [{"title": "t", "paragraphs": paragraphs}]}
        (folder / "qa" / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    for code, iso in (("tr", "tur"), ("ar", "ara")):
        for side, language in ((iso, code), ("eng", "en")):
            lines = [" ".join(sentence(language, rng)) for _ in range(9)]
            path = folder / "bitext" / f"tatoeba.{iso}-eng.{side}"
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        text = "\n\n".join(" ".join(sentence(code, rng)) for _ in range(20))
        (folder / "text" / f"{code}.txt").write_text(text + "\n", encoding="utf-8")
    with (folder / "options.jsonl").open("w", encoding="utf-8") as stream:
        for number in range(24):
            options = sentence("en", rng)[:5]
            choices = [{"label": "ABCDE"[i], "text": word} for i, word in enumerate(options)]
            stem = {"stem": " ".join(sentence("en", rng)), "choices": choices}
            row = {"id": f"i{number}", "question": stem, "answerKey": "ABCDE"[number % 5]}
            stream.write(json.dumps(row) + "\n")


@pytest.fixture(scope="module")
def ran(tmp_path_factory, tiny_encoder):
    """The study, run once: its plan, its outcome, its store."""
    folder = tmp_path_factory.mktemp("families")
    write_data(folder)
    file = folder / "families.toml"
    file.write_text(STUDY.format(encoder=tiny_encoder("xlm-roberta")), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        known = translators._loader
        patch.setattr(
            translators, "_loader", lambda name: Shouting if name == "shouting" else known(name)
        )
        study = read_study(file)
        plan = make_plan(study, Path(study.encoder.name))
        outcome = run_study(plan, folder / "results", Silent())
    return plan, outcome, Store(folder / "results" / "store")


def test_every_cell_is_filled(ran):
    plan, outcome, _ = ran
    found = {
        (cell.target, cell.recipe): cell
        for cell in score_cells(plan.study, outcome.scores, outcome.results)
    }
    assert set(found) == {(t, r) for t in plan.study.targets for r in plan.study.recipes}
    for cell in found.values():
        assert 0 <= cell.official <= 1
        assert 0 <= cell.sound <= 1
        assert 0 <= cell.ece <= 1
    assert {cell.languages for cell in found.values()} == {2, 3}
    chosen = best_recipes(list(found.values()))
    assert set(chosen) == {
        "words",
        "answers",
        "pairs",
        "pairs-in-english",
    }  # no development data for retrieval


def test_scores_are_those_of_the_tables(ran):
    _, outcome, _ = ran
    table = read_predictions(outcome.folder / "words" / "predictions" / "direct-seed1.parquet")
    part = table.select(language="ar", split="test")
    (row,) = (
        row
        for row in outcome.scores
        if (row.target, row.recipe, row.split, row.language) == ("words", "direct", "test", "ar")
    )
    assert row.sound == pytest.approx((part.scores.argmax(axis=1) == part.gold).mean(), abs=1e-12)
    assert row.score.n == len(part.gold) == 8 * 6


def test_stages_are_shared(ran):
    plan, _, _ = ran
    titles = [stage.title for stage in plan.stages if stage.kind == "train"]
    # 3 different trainings on a target x 4 recipes; options, options then paraphrase, both at
    # once, shouted.
    assert len(titles) == 12 + 4
    assert plan.n_requested > 2 * len(plan.stages)


def test_shares_of_tasks_are_in_the_step_log(ran):
    plan, _, store = ran
    (stage,) = (s for s in plan.stages if "masked language modelling" in s.title)
    lines = (store.open(*stage.node) / "log.jsonl").read_text().splitlines()
    tasks = [json.loads(line)["task"] for line in lines if "task" in json.loads(line)]
    assert tasks.count("mlm") == len(tasks) - round(len(tasks) * 0.6)
    assert {"options", "paraphrase"} < set(tasks)


def test_translations_are_trained_on(ran):
    plan, _, store = ran
    from crosscal.translation import read_examples

    (stage,) = (s for s in plan.stages if s.kind == "translate" and s.to == "tr")
    found = read_examples(store.open(*stage.node))
    assert {example.language for example in found} == {"tr"}
    assert all(example.text_a == example.text_a.upper() for example in found)
    (prepared,) = (s for s in plan.stages if s.title == "tokenise paraphrase, train, translated")
    assert prepared.inputs == {"translated:en": stage.node}


def test_what_a_translation_lost_is_in_the_report(ran):
    plan, outcome, store = ran
    (stage,) = (s for s in plan.stages if s.kind == "translate" and s.to == "tr")
    details = store.details(*stage.node)
    (lost,) = details["dropped"].values()
    assert lost > 0
    found = report_context(plan, "pairs", store, outcome.results["pairs"]).warnings
    assert any(
        f"{lost} of {details['examples']} examples were left out ({stage.title})" in warning
        for warning in found
    )


def test_translated_tests_keep_the_names_of_their_languages(ran):
    _, outcome, _ = ran

    def scores(target, language):
        table = read_predictions(outcome.folder / target / "predictions" / "direct-seed1.parquet")
        part = table.select(language=language, split="test")
        return part.scores, part.unit_ids.tolist()

    (plain, units), (shouted, same) = scores("pairs", "tr"), scores("pairs-in-english", "tr")
    assert units == same
    assert not np.array_equal(plain, shouted)
    assert np.array_equal(scores("pairs", "en")[0], scores("pairs-in-english", "en")[0])


def test_predictions_of_each_family(ran):
    _, outcome, _ = ran
    answers = read_predictions(outcome.folder / "answers" / "predictions" / "chain-seed1.parquet")
    for row in answers.table.to_pylist():
        assert len(row["choices"]) == len(row["scores"]) >= 2
        assert row["gold"] == -1 or row["choices"][row["gold"]] in row["answers"]
    found = read_predictions(
        outcome.folder / "translations" / "predictions" / "direct-seed1.parquet"
    )
    part = found.select(language="tr", split="test")
    assert part.scores.shape == (9, 3)
    assert (np.diff(part.scores, axis=1) <= 0).all()


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ('targets.translations.train={ format = "text" }', "not trained on"),
        ('targets.words.baseline="fi"', "baseline 'fi'"),
        ("recipes.direct.mlm=0.2", "masked language modelling"),
        ('recipes.chain.intermediate=["option"]', "'option'"),
        ('recipes.chain.samplin="uniform"', "samplin"),
        ("targets.words.tset={}", "tset"),
        ('intermediate.shouted.translate.settings={ source = "de" }', "'source' is not a setting"),
    ],
)
def test_impossible_combinations(tmp_path, tiny_encoder, override, words):
    file = tmp_path / "families.toml"
    file.write_text(STUDY.format(encoder=tiny_encoder("xlm-roberta")), encoding="utf-8")
    with pytest.raises(SettingsError, match=words):
        read_study(file, [override])
