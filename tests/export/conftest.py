"""A study of seconds with a target of every family that can be exported, and its exports."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path

import pytest

from crosscal.data.mini import mini_folder
from crosscal.study.planning.datasets import read_all

STUDY = """\
name = "exported"
seeds = [1]

[encoder]
name = "{encoder}"
pooling = "{pooling}"

[targets.pairs]
task = "mini-nli"
train = {{ format = "mini-nli", clusters = 40 }}
dev = {{ format = "mini-nli", clusters = 20 }}
test = {{ format = "mini-nli", clusters = 12 }}
languages = ["en", "tr"]

[targets.words]
task = "udpos"
train = {{ format = "udpos-xtreme", path = "pos" }}
dev = {{ format = "udpos-xtreme", path = "pos" }}
test = {{ format = "udpos-xtreme", path = "pos" }}
languages = ["en", "tr"]

[targets.answers]
task = "xquad"
train = {{ format = "squad", path = "qa/train.en.json" }}
dev = {{ format = "squad", path = "qa/train.en.json" }}
test = {{ format = "xquad", path = "qa" }}
languages = ["en", "tr"]

[targets.options]
task = "commonsenseqa"
train = {{ format = "commonsenseqa", path = "options.jsonl" }}
dev = {{ format = "commonsenseqa", path = "options.jsonl" }}
test = {{ format = "commonsenseqa", path = "options.jsonl", split = "dev" }}
languages = ["en"]

[training]
epochs = 2
batch_tokens = 256
max_length = 60
evaluations = 1
learning_rate = 1e-3

[analysis]
replicates = 100

[execution]
executor = "in-process"
"""
WORDS = {
    "en": "the cat sees a small red house near the river and sleeps".split(),
    "tr": "kedi küçük kırmızı bir ev görür nehir yanında ve uyur".split(),
}
TAGS = ("NOUN", "VERB")


class Silent:
    """A listener that nobody hears."""

    def started(self, stage):
        """Nothing."""

    def finished(self, stage):
        """Nothing."""

    def tick(self):
        """Nothing."""


def write_data(folder: Path) -> None:
    rng = random.Random(4)
    for name in ("pos", "qa"):
        (folder / name).mkdir()
    for split, count, codes in (("train", 30, ["en"]), ("dev", 10, ["en"]), ("test", 8, WORDS)):
        for code in codes:
            lines = []
            for _ in range(count):
                words = rng.sample(WORDS[code], 6)
                lines += [f"{w}\t{TAGS[len(w) % 2]}" for w in words] + [""]
            (folder / "pos" / f"{split}-{code}.tsv").write_text("\n".join(lines), encoding="utf-8")
    for code, name in (("en", "train.en"), ("en", "xquad.en"), ("tr", "xquad.tr")):
        paragraphs = []
        for number in range(12):
            # Some contexts need several windows.
            words = [rng.choice(WORDS[code]) for _ in range(5 if number % 3 else 40)]
            answers = [{"text": words[3], "answer_start": len(" ".join(words[:3])) + 1}]
            question = {"id": f"q{number}", "question": f"{words[2]} ?", "answers": answers}
            paragraphs.append({"context": " ".join(words), "qas": [question]})
        document = {"version": "1.1", "data": [{"title": "t", "paragraphs": paragraphs}]}
        (folder / "qa" / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    with (folder / "options.jsonl").open("w", encoding="utf-8") as stream:
        for number in range(24):
            options = rng.sample(WORDS["en"], 5)
            choices = [{"label": "ABCDE"[i], "text": word} for i, word in enumerate(options)]
            stem = {"stem": " ".join(rng.sample(WORDS["en"], 6)), "choices": choices}
            row = {"id": f"i{number}", "question": stem, "answerKey": "ABCDE"[number % 5]}
            stream.write(json.dumps(row) + "\n")


@pytest.fixture(scope="session")
def study_file(tmp_path_factory, tiny_encoder):
    """Return a function from a kind of encoder and a pooling to a study file with its data."""

    @cache
    def write(kind, pooling):
        folder = tmp_path_factory.mktemp(f"{kind}-{pooling}")
        write_data(folder)
        file = folder / "exported.toml"
        file.write_text(STUDY.format(encoder=tiny_encoder(kind), pooling=pooling), encoding="utf-8")
        return file

    return write


@pytest.fixture(scope="session")
def trained(study_file):
    """Return a function from a kind and a pooling to the plan and the store of a study that ran."""

    @cache
    def run(kind, pooling):
        from crosscal.study.config.load import read_study
        from crosscal.study.execution.executors import open_executor
        from crosscal.study.execution.scheduler import run_plan
        from crosscal.study.execution.store import Store
        from crosscal.study.planning import make_plan

        file = study_file(kind, pooling)
        study = read_study(file)
        plan = make_plan(study, Path(study.encoder.name))
        store = Store(file.parent / "results" / "store")
        with open_executor(study, store) as executor:
            run_plan(plan.stages, store, executor, Silent())
        return plan, store

    return run


@pytest.fixture(scope="session")
def exported(trained, tmp_path_factory):
    """Return a function from kind, pooling, target and use of the temperature to a folder."""

    @cache
    def export(kind, pooling, target, temperature="none"):
        from crosscal.study.exporting import export_run, trained_run

        plan, store = trained(kind, pooling)
        folder = tmp_path_factory.mktemp("folders") / f"{kind}-{pooling}-{target}"
        run = trained_run(plan, store, target, "direct", 1)
        export_run(plan, store, run, folder, temperature)
        return folder

    return export


@pytest.fixture(scope="session")
def stored(trained):
    """Return a function to the prediction table of a run."""

    def read(kind, pooling, target):
        from crosscal.predictions import read_predictions
        from crosscal.study.exporting import trained_run

        plan, store = trained(kind, pooling)
        run = trained_run(plan, store, target, "direct", 1)
        return read_predictions(store.open(*run.table.node) / "predictions.parquet")

    return read


@pytest.fixture(scope="session")
def examples_of(trained):
    """Return a function to the test examples of a target, by language and unit."""

    def read(kind, pooling, target):
        plan, _ = trained(kind, pooling)
        found = read_all(plan.study)[0][f"{target}.test"].examples
        return {(example.language, example.unit_id): example for example in found}

    return read


@pytest.fixture(scope="session")
def mini_rows():
    """Return lines of the built-in test set: premise, hypothesis, label."""
    lines = (mini_folder() / "nli-test.tr.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines[1:]]
