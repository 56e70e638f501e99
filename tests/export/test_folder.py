"""Exported folders under transformers alone give the predictions that the study stored."""

import json
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from crosscal.exceptions import ArtifactError, SettingsError
from crosscal.export.folder import read_facts

pytest.importorskip("torch")

# The packaged encoder has mean pooling by default, as has bert here: a class that comes along.
CASES = [("bert", "mean"), ("xlm-roberta", "first")]
EXACT = 1e-5


ENCODERS = pytest.mark.parametrize("case", CASES, ids="-".join)
SCALED = ("xlm-roberta", "first", "words")


def scored(table, split="test"):
    """Stored scores by language and unit."""
    rows = table.table.to_pylist()
    return {(r["language"], r["unit_id"]): r for r in rows if r["split"] == split}


@pytest.fixture(scope="module")
def jobs(exported, examples_of):
    """What is asked of transformers: by a name, a function of `alone`, a folder, inputs."""
    asked = {"refuse": ("refuse", exported("bert", "mean", "pairs"), [])}
    for case in CASES:
        pairs, words, answers, options = (
            list(examples_of(*case, name).values())
            for name in ("pairs", "words", "answers", "options")
        )
        asked |= {
            (case, "pairs"): (
                "classify",
                exported(*case, "pairs"),
                [{"text": each.text_a, "text_pair": each.text_b} for each in pairs],
            ),
            (case, "words"): ("tag", exported(*case, "words"), [each.words for each in words]),
            (case, "answers"): (
                "answer",
                exported(*case, "answers"),
                # Longer ones need windows.
                [(each.question, each.context) for each in answers if len(each.context) < 50],
            ),
            (case, "options"): (
                "choose",
                exported(*case, "options"),
                [[(each.question, option) for option in each.options] for each in options],
            ),
        }
    words = [each.words for each in examples_of(*SCALED).values()]
    for use in ("apply", "config"):
        asked[use] = ("tag", exported(*SCALED, use), words)
    return asked


@pytest.fixture(scope="module")
def alone(jobs):
    """Return what transformers gives in a process without crosscal, by the names of `jobs`."""
    done = subprocess.run(
        [sys.executable, "-I", str(Path(__file__).with_name("alone.py"))],
        input=json.dumps([(name, str(folder), inputs) for name, folder, inputs in jobs.values()]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(zip(jobs, json.loads(done.stdout.splitlines()[-1]), strict=True))


def labels_of(folder):
    names = json.loads((folder / "config.json").read_text())["id2label"]
    return [names[str(i)] for i in range(len(names))]


@ENCODERS
def test_pipeline_classifies_as_stored_and_batches_change_nothing(alone, jobs, stored, case):
    labels = labels_of(jobs[case, "pairs"][1])
    assert sorted(labels) == ["contradiction", "entailment", "neutral"]
    expected = softmax([row["scores"] for row in scored(stored(*case, "pairs")).values()], axis=1)
    assert np.ptp(expected, axis=0).max() > 100 * EXACT  # the texts make a difference
    for rows in alone[case, "pairs"]:
        found = [[row[name] for name in labels] for row in rows]
        np.testing.assert_allclose(found, expected, atol=EXACT)


def check_tags(found, folder, table, sentences, divisor=1.0):
    labels, rows = labels_of(folder), scored(table)
    for tags, (language, unit) in zip(found, sentences, strict=True):
        scores = [rows[language, f"{unit}-{i:04d}"]["scores"] for i in range(len(tags))]
        probabilities = softmax(np.array(scores) / divisor, axis=1)
        assert [tag for tag, _ in tags] == [labels[i] for i in probabilities.argmax(axis=1)]
        np.testing.assert_allclose([p for _, p in tags], probabilities.max(axis=1), atol=EXACT)


@ENCODERS
def test_pipeline_tags_as_stored(alone, jobs, stored, examples_of, case):
    folder, table = jobs[case, "words"][1], stored(*case, "words")
    assert len(alone[case, "words"]) == 16
    check_tags(alone[case, "words"], folder, table, examples_of(*case, "words"))


@ENCODERS
def test_answers_are_those_stored(alone, jobs, stored, examples_of, case):
    rows, examples = scored(stored(*case, "answers")), examples_of(*case, "answers")
    expected = [rows[key] for key, example in examples.items() if len(example.context) < 50]
    found = alone[case, "answers"]
    assert [text for text, _ in found] == [row["choices"][0] for row in expected]
    assert len({text for text, _ in found}) > 3
    np.testing.assert_allclose(
        [score for _, score in found], [row["scores"][0] for row in expected], atol=EXACT
    )


@ENCODERS
def test_options_score_as_stored(alone, stored, case):
    expected = [row["scores"] for row in scored(stored(*case, "options")).values()]
    assert np.ptp(expected) > 0.01
    np.testing.assert_allclose(alone[case, "options"], expected, atol=EXACT)


@ENCODERS
@pytest.mark.parametrize("target", ["pairs", "answers"])
def test_token_ids_are_those_of_training(exported, trained, sentences, case, target):
    from transformers import AutoTokenizer

    from crosscal.encoders.loading import load_tokenizer
    from crosscal.tasks.families.span_tokens import split_punctuation

    own = load_tokenizer(trained(*case)[0].encoder)
    theirs = AutoTokenizer.from_pretrained(exported(*case, target))
    texts = [*sentences, "a </s> [SEP] <mask> b", "Ｆｕｌｌ ｗｉｄｔｈ (1990).", "e\u0301 ﬁn", " "]
    with split_punctuation(own) if target == "answers" else nullcontext():
        for a, b in zip(texts, reversed(texts), strict=True):
            assert theirs(a, b)["input_ids"] == own.encode(a, b).ids
            assert theirs(a)["input_ids"] == own.encode(a).ids
    assert theirs.model_max_length == 60
    assert len(theirs(" ".join(texts), truncation=True)["input_ids"]) == 60


def test_own_class_or_one_that_comes_along(exported, alone):
    def class_of(*case):
        folder = exported(*case)
        config = json.loads((folder / "config.json").read_text())
        return config["architectures"][0], (folder / "pooled_encoder.py").exists()

    assert class_of("bert", "mean", "pairs") == ("PooledEncoderForSequenceClassification", True)
    assert class_of("bert", "mean", "words") == ("BertForTokenClassification", False)
    assert class_of("xlm-roberta", "first", "pairs") == (
        "XLMRobertaForSequenceClassification",
        False,
    )
    # transformers refuses a class that it does not know, and does not make up a head.
    assert "trust_remote_code" in alone["refuse"]


@pytest.mark.parametrize("use", ["apply", "config"])
def test_temperature(alone, jobs, stored, examples_of, use):
    folder = jobs[use][1]
    facts = read_facts(folder)
    assert facts.temperature is not None
    config = json.loads((folder / "config.json").read_text())
    assert config.get("calibration_temperature") == (facts.temperature if use == "config" else None)
    divisor = facts.temperature if use == "apply" else 1.0
    assert abs(np.log(facts.temperature)) > 0.1  # or it would not show
    check_tags(alone[use], folder, stored(*SCALED), examples_of(*SCALED), divisor)
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert f"T = {facts.temperature:.4f}" in card
    assert ("**not** applied" in card) == (use == "config")


def test_card_says_what_it_must(exported):
    card = (exported("xlm-roberta", "first", "words") / "README.md").read_text(encoding="utf-8")
    assert "pipeline_tag: token-classification" in card
    for words in ("| en | 48 |", "| tr | 48 |", "ECE % (floor)", "epochs 2", "Limits", "SHA-256"):
        assert words in card, words
    assert str(Path.cwd().anchor) + "tmp" not in card  # no place on this disk


def test_no_folder_is_replaced_and_none_is_taken_for_an_export(exported, trained, tmp_path):
    from crosscal.study.exporting import export_run, trained_run

    plan, store = trained("bert", "mean")
    run = trained_run(plan, store, "pairs", "direct", 1)
    with pytest.raises(ArtifactError, match="exists"):
        export_run(plan, store, run, tmp_path, "none")
    with pytest.raises(SettingsError, match="direct 1"):
        trained_run(plan, store, "pairs", "direct", 7)
    with pytest.raises(SettingsError, match="'pairs'"):
        trained_run(plan, store, "pair", "direct", 1)
    with pytest.raises(SettingsError, match="crosscal export"):
        read_facts(tmp_path)
    folder = exported("bert", "mean", "pairs")
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "crosscal.json").write_text((folder / "crosscal.json").read_text()[:-20])
    with pytest.raises(ArtifactError, match="crosscal.json"):
        read_facts(damaged)
