"""Submissions to XTREME: the benchmark's own figures, another reading, and bad files."""

from __future__ import annotations

import json
import random
import shutil
from functools import partial

import pytest

from crosscal.exceptions import DataError
from crosscal.metrics import score_submission
from crosscal.metrics.xtreme import benchmark_average, group_averages, transfer_gap
from crosscal.metrics.xtreme_tasks import TASKS
from tests.metrics.conftest import squad_file
from tests.metrics.readings import (
    answer_figures,
    chunk_figures,
    entities,
    mlqa_words,
    runs,
    squad_words,
)

EXPECTED = {
    "pawsx": {"accuracy": 51.42857142857143},
    "xnli": {"accuracy": 30.666666666666668},
    "panx": {
        "f1": 57.50793650793652,
        "precision": 54.729166666666664,
        "recall": 62.750000000000014,
    },
    "udpos": {
        "f1": 70.21746048354693,
        "precision": 71.02232625883823,
        "recall": 69.54982073976082,
    },
    "bucc2018": {"f1": 55.0, "precision": 55.0, "recall": 55.0},
    "tatoeba": {"accuracy": 53.611111111111114},
    "xquad": {"exact_match": 77.27272727272727, "f1": 79.9586776859504},
    "mlqa": {"exact_match": 57.142857142857146, "f1": 81.76870748299321},
    "tydiqa": {"exact_match": 88.88888888888889, "f1": 97.22222222222223},
}
GROUPS = {
    "classification": ("xnli", "pawsx"),
    "tagging": ("udpos", "panx"),
    "qa": ("xquad", "mlqa", "tydiqa"),
    "retrieval": ("bucc2018", "tatoeba"),
}


def figure(task):
    scores = EXPECTED[task]
    if "accuracy" in scores:
        return scores["accuracy"]
    return (scores["f1"] + scores.get("exact_match", scores["f1"])) / 2


def test_all_nine_tasks_of_the_benchmark_itself(golden_xtreme):
    found = score_submission(golden_xtreme / "predictions", golden_xtreme / "labels")
    assert found.notes == ()
    assert found.tasks.keys() == EXPECTED.keys()
    for name, expected in EXPECTED.items():
        assert found.tasks[name].averages == pytest.approx(expected, rel=0, abs=1e-9)
        assert set(found.tasks[name].languages) == set(TASKS[name].languages)
    assert group_averages(found.figures) == pytest.approx(
        {g: sum(map(figure, names)) / len(names) for g, names in GROUPS.items()}, abs=1e-9
    )
    average = sum(map(figure, EXPECTED)) / 9
    assert benchmark_average(found.figures) == pytest.approx(average, abs=1e-9)
    assert found.to_dict()["average"] == benchmark_average(found.figures)


def test_transfer_gap(golden_xtreme):
    found = score_submission(golden_xtreme / "predictions", golden_xtreme / "labels")
    languages = found.tasks["xquad"].languages
    both = {code: (m["f1"] + m["exact_match"]) / 2 for code, m in languages.items()}
    others = [value for code, value in both.items() if code != "en"]
    expected = both["en"] - sum(others) / len(others)
    assert transfer_gap(found.tasks["xquad"]) == pytest.approx(expected, abs=1e-9)
    assert found.to_dict()["xquad"]["transfer_gap"] == pytest.approx(expected, abs=1e-9)
    assert transfer_gap(found.tasks["tatoeba"]) is None
    assert "transfer_gap" not in found.to_dict()["tatoeba"]


LANGUAGES = ("ar", "en", "he", "hi", "ja", "th", "ur", "zh")
TEXTS = {
    "ar": "الكتاب والكتاب قال المدينة، سأل؟ ال",
    "en": "The a “theory” U.S. 1,000 an ring",
    "he": "ירושלים צה״ל תל־אביב ה-1",
    "hi": "भारत दिल्ली। राजधानी, १९४७",
    "ja": "東京 とうきょう トーキョー。 2010年",
    "th": "กรุงเทพฯ น้ำ ประเทศไทย ๑๙๔๕",
    "ur": "پاکستان ہے۔ لاہور، کراچی",
    "zh": "北京 电化电池， 㐀龦 1994年 NBA的",
}
UPOS = "ADJ ADP INTJ NOUN NOUN PUNCT SCONJ SYM VERB X _".split()
IOB2 = "O O B-PER I-PER B-LOC I-LOC B-ORG I-ORG".split()


class RandomSubmission:
    """Random predictions and labels of a task, written, and its figures by another reading."""

    def __init__(self, folder, seed):
        self.folder, self.random = folder, random.Random(seed)

    def write(self, side, task, language, text):
        suffix = TASKS[task].suffix
        path = self.folder / side / task / f"test-{language}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def pair(self, make, noise=0.4):
        gold = make()
        return (make() if self.random.random() < noise else gold), gold

    def labels(self, task, language, values):
        pairs = [self.pair(lambda: self.random.choice(values)) for _ in range(23)]
        for side, column in zip(("predictions", "labels"), zip(*pairs, strict=True), strict=True):
            self.write(side, task, language, "\n".join(column) + self.random.choice(["\n", ""]))
        return {"accuracy": sum(a == b for a, b in pairs) / len(pairs)}

    def tags(self, task, language, values, reading):
        lengths = [self.random.randint(1, 9) for _ in range(12)]
        tags = [[self.pair(lambda: self.random.choice(values)) for _ in range(n)] for n in lengths]
        said, gold = ([[pair[i] for pair in s] for s in tags] for i in (0, 1))
        for side, sentences in (("predictions", said), ("labels", gold)):
            end = self.random.choice(["\n", "\n\n", ""])
            self.write(side, task, language, "\n\n".join("\n".join(s) for s in sentences) + end)
        return chunk_figures(reading, said, gold)

    def text(self, language):
        parts = TEXTS[language].split()
        return self.random.choice(["", " "]).join(
            self.random.choice(parts) for _ in range(self.random.randint(1, 5))
        )

    def answers(self, task, language, read):
        golds, answers = {}, {}
        for number in range(15):
            name = f"{language}-{number}"
            many = self.random.randint(1, 3)
            golds[name] = [self.text(language) for _ in range(many)]
            if number:
                said, _ = self.pair(lambda: self.text(language))
                answers[name] = self.random.choice([said, golds[name][-1], golds[name][0][:-1], ""])
        self.write("labels", task, language, squad_file(golds))
        plain = self.random.random() < 0.5
        self.write("predictions", task, language, json.dumps(answers, ensure_ascii=plain))
        return answer_figures(read, answers, golds)

    def pairs(self, task, language):
        def draw():
            pair = f"{language}-{self.random.randint(0, 9)}\ten-{self.random.randint(0, 9)}"
            return [pair for _ in range(self.random.choice([1, 1, 2]))]

        said, gold = ([p for _ in range(40) for p in draw()] for _ in (0, 1))
        for side, lines in (("predictions", said), ("labels", gold)):
            self.write(side, task, language, "\n".join(lines) + "\n")
        right = sum(1 for p in dict.fromkeys(said) if p in gold)
        many_said, many_gold = len(dict.fromkeys(said)), len(dict.fromkeys(gold))
        return {
            "f1": 2 * right / (many_said + many_gold),
            "precision": right / many_said,
            "recall": right / many_gold,
        }


@pytest.mark.parametrize("seed", range(5))
def test_random_submissions_by_another_reading(tmp_path, seed):
    drawn = RandomSubmission(tmp_path, seed)
    nli = ("entailment", "neutral", "contradiction")
    numbers = tuple(map(str, range(20)))
    makers = {
        "xnli": lambda code: drawn.labels("xnli", code, nli),
        "pawsx": lambda code: drawn.labels("pawsx", code, ("0", "1")),
        "tatoeba": lambda code: drawn.labels("tatoeba", code, numbers),
        "udpos": lambda code: drawn.tags("udpos", code, UPOS, runs),
        "panx": lambda code: drawn.tags("panx", code, IOB2, entities),
        "xquad": lambda code: drawn.answers("xquad", code, squad_words),
        "tydiqa": lambda code: drawn.answers("tydiqa", code, squad_words),
        "mlqa": lambda code: drawn.answers("mlqa", code, partial(mlqa_words, language=code)),
        "bucc2018": lambda code: drawn.pairs("bucc2018", code),
    }
    expected = {
        task: {code: make(code) for code in LANGUAGES if task != "mlqa" or code in "ar en hi zh"}
        for task, make in makers.items()
    }
    found = score_submission(tmp_path / "predictions", tmp_path / "labels")
    for task, languages in expected.items():
        assert found.tasks[task].languages.keys() == languages.keys()
        for code, scores in languages.items():
            percent = {metric: 100 * value for metric, value in scores.items()}
            assert found.tasks[task].languages[code] == pytest.approx(percent, rel=0, abs=1e-9)
    assert any("labels/xquad has besides he, ja, ur" in note for note in found.notes)


def test_partial_submissions(submission):
    predictions, labels = submission
    shutil.rmtree(predictions / "mlqa")
    shutil.rmtree(labels / "udpos")
    found = score_submission(predictions, labels)
    assert found.tasks.keys() == TASKS.keys() - {"mlqa", "udpos"}
    assert any("udpos: left out: no labels" in note for note in found.notes)
    assert group_averages(found.figures).keys() == {"classification", "retrieval"}
    document = found.to_dict()
    assert "average" not in document
    assert "group_average" not in document["panx"]
    assert document["xnli"]["languages"] == {"en": {"accuracy": 50.0}, "zh": {"accuracy": 50.0}}
    assert (document["xnli"]["avg_accuracy"], document["xnli"]["group"]) == (50, "classification")


def test_what_stops_nothing_is_noted(submission):
    predictions, labels = submission
    (predictions / "xnly").mkdir()
    (predictions / ".cache").mkdir()
    with (predictions / "bucc2018/test-zh.tsv").open("a") as handle:
        handle.write("de-2\ten-9\n")
    (predictions / "xquad/test-en.json").write_text('{"q1": "x", "other": ""}')
    notes = "\n".join(score_submission(predictions, labels).notes)
    assert "xnly: left out: no such task" in notes
    assert "test-zh.tsv: 1 repeated pairs count once" in notes
    assert "xquad/test-en.json: 1 questions without answer score 0" in notes
    assert "xquad/test-en.json: 1 answers belong to no question" in notes
    assert "labels/pawsx/test-zh.tsv: all labels are '1': are they placeholders?" in notes
    assert "labels/bucc2018 lacks de, fr, ru: averages of bucc2018" in notes
    assert "labels/bucc2018 has besides en" in notes
    assert ".cache" not in notes


@pytest.mark.parametrize("content", ["", "\ufeff", " \r\n\n"])
def test_nothing_mined_scores_nothing(submission, content):
    predictions, labels = submission
    (predictions / "bucc2018/test-zh.tsv").write_text(content, encoding="utf-8")
    found = score_submission(predictions, labels)
    scores = found.tasks["bucc2018"].languages["zh"]
    assert scores == {"f1": 0, "precision": 0, "recall": 0}
    assert any("bucc2018/test-zh.tsv: no pairs, which scores 0" in note for note in found.notes)


def test_missing_languages_are_all_named(submission):
    predictions, labels = submission
    (predictions / "panx/test-zh.tsv").unlink()
    with pytest.raises(DataError, match=r"predictions/panx: files are missing: test-zh\.tsv"):
        score_submission(predictions, labels)
    shutil.copy(labels / "panx/test-zh.tsv", predictions / "panx/test-ur.tsv")
    shutil.copy(labels / "panx/test-zh.tsv", predictions / "panx/test-he.tsv")
    shutil.copy(labels / "panx/test-zh.tsv", predictions / "panx/test-zh.tsv")
    with pytest.raises(DataError, match=r"labels/panx: .*: test-he\.tsv, test-ur\.tsv"):
        score_submission(predictions, labels)


def test_nothing_to_score(tmp_path, submission):
    predictions, labels = submission
    with pytest.raises(DataError, match="this folder cannot be read"):
        score_submission(tmp_path / "none", labels)
    with pytest.raises(DataError, match="no task has a folder here"):
        score_submission(predictions / "xnli", labels)
    for folder in (predictions, labels):
        shutil.rmtree(folder / "xnli")
        (folder / "xnli").mkdir()
    with pytest.raises(DataError, match=r"labels/xnli: there is no file test-<language>\.tsv"):
        score_submission(predictions, labels)


QUESTION = '{"id": "q1", "answers": [{"text": "x"}]}'


def document(*questions):
    return '{"data": [\n{"paragraphs": [\n{"qas": [\n' + ",\n".join(questions) + "]}]}]}"


BAD_FILES = {
    "unknown label": ("predictions/xnli/test-zh.tsv", "neutral\nentails\n", ":2: unknown label"),
    "a label in a label file": ("labels/pawsx/test-en.tsv", "1\n2\n", ":2: unknown label '2'"),
    "blank line": ("predictions/tatoeba/test-en.tsv", "1\n\n2\n", ":2: the line is blank"),
    "columns": ("predictions/xnli/test-en.tsv", "neutral\tx\n", r":1: unknown label 'neutral\\tx'"),
    "too few": ("predictions/xnli/test-en.tsv", "neutral\n", ":2: 1 predictions for 2 labels"),
    "too many": ("predictions/pawsx/test-en.tsv", "1\n0\n1\n", ":3: 3 predictions for 2 labels"),
    "unknown tag": ("predictions/panx/test-zh.tsv", "B-PER\nI-PER\nOO\n", ":3: unknown label 'OO'"),
    "part of speech": ("labels/udpos/test-en.tsv", "NOUN\nNomen\n", ":2: unknown label 'Nomen'"),
    "word too few": (
        "predictions/udpos/test-zh.tsv",
        "NOUN\nNOUN\n\n\nX\n\n",
        r":5: 1 tags for a sentence of 3 words \(.*labels/udpos/test-zh.tsv:4\)",
    ),
    "sentence too few": ("predictions/panx/test-en.tsv", "O\nO\nO\n", ":1: 1 sentences for 2"),
    "sentence too many": (
        "predictions/panx/test-en.tsv",
        "O\nO\nO\n\nO\n\nO\n\nO\n",
        ":7: 4 sentences for 2",
    ),
    "one id": ("predictions/bucc2018/test-zh.tsv", "zh-1\ten-1\nzh-2\n", ":2: not two ids"),
    "three ids": ("labels/bucc2018/test-zh.tsv", "zh-1\ten-1\tx\n", ":1: not two ids"),
    "empty id": ("predictions/bucc2018/test-zh.tsv", "zh-1\t\ten-1\n", ":1: not two ids"),
    "empty file": ("predictions/tatoeba/test-zh.tsv", "", ":1: the file is empty"),
    "empty labels of pairs": ("labels/bucc2018/test-zh.tsv", " \n", ":1: the file is empty"),
    "only blank lines": ("labels/panx/test-zh.tsv", "\n \n", ":1: the file is empty"),
    "empty json": ("predictions/mlqa/test-zh.json", " ", ":1: the file is empty"),
    "encoding": ("labels/udpos/test-zh.tsv", b"NOUN\n\xb1\n", ":2: not UTF-8: byte 0xB1"),
    "encoding of json": ("predictions/mlqa/test-zh.json", b'{\n"a": "\xe4"}', ":2: not UTF-8"),
    "NUL": ("predictions/bucc2018/test-zh.tsv", "zh-1\ten-1\nzh-2\ten\0\n", ":2: NUL"),
    "wide encoding": (
        "predictions/xnli/test-en.tsv",
        "neutral\nneutral\n".encode("utf-16"),
        ":1: not UTF-8",
    ),
    "truncated json": ("predictions/xquad/test-en.json", '{\n"q1": "x",\n', ":3: not JSON"),
    "deep json": ("labels/tydiqa/test-en.json", "[" * 100_000, "cannot be read"),
    "long number": ("labels/tydiqa/test-en.json", "[" + "9" * 5000 + "]", "cannot be read"),
    "a list of answers": ("predictions/xquad/test-en.json", '["x"]', ":1: not an object"),
    "an answer that is a number": (
        "predictions/xquad/test-en.json",
        '{"q2": "x",\n"q1":\n308}',
        ":2: the answer to 'q1' is not text",
    ),
    "an answer twice": (
        "predictions/tydiqa/test-zh.json",
        '{"q1": "q1",\n"q2": "}{",\n"q\\u0031" : "y"}',
        ":3: 'q1' is there twice",
    ),
    "golds without data": ("labels/xquad/test-en.json", '{\n"version": 1}', "list 'data'"),
    "golds of another kind": ("labels/xquad/test-en.json", "3", ":1: neither an object"),
    "no paragraphs": ("labels/xquad/test-en.json", '{"data": [\n{"title": "x"}]}', ":2: .*'parag"),
    "no questions": ("labels/xquad/test-en.json", document(), ":1: there are no questions"),
    "no id": ("labels/mlqa/test-en.json", document(QUESTION, '{"answers": []}'), ":5: .*'id'"),
    "no answers": ("labels/mlqa/test-en.json", document('{"id": "q1"}'), ":4: .*list 'answers'"),
    "answer without text": (
        "labels/mlqa/test-en.json",
        document(QUESTION, '{"id": "q2", "answers":\n[{"text": null}]}'),
        ":6: .*text 'text'",
    ),
    "no right answer": (
        "labels/mlqa/test-en.json",
        document(QUESTION, '{"id": "q2", "answers": []}'),
        ":5: question 'q2' has no right answer",
    ),
    "labels that were removed": (
        "labels/xquad/test-en.json",
        document(QUESTION, '{"id": "q2", "answers": [{"text": " "}]}'),
        ":5: a right answer to 'q2' is empty; were the labels removed",
    ),
    "a question twice": (
        "labels/tydiqa/test-en.json",
        document(QUESTION, QUESTION.replace("q1", "q2"), QUESTION),
        ":6: question 'q1' is there twice",
    ),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_bad_files(submission, kind):
    name, content, message = BAD_FILES[kind]
    path = submission[0].parent / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=f"{name}.*{message}"):
        score_submission(*submission)


def test_a_language_that_mlqa_has_no_rules_for(submission):
    for folder in submission:
        shutil.copy(folder / "mlqa/test-zh.json", folder / "mlqa/test-th.json")
    with pytest.raises(DataError, match=r"labels/mlqa/test-th\.json: there are no rules .* 'th'"):
        score_submission(*submission)


def test_harmless_differences_of_form(submission):
    predictions, labels = submission
    before = score_submission(predictions, labels).to_dict()
    for path in predictions.rglob("*.tsv"):
        text = path.read_text(encoding="utf-8")
        path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", " \r\n").encode() + b"\r\n\n")
    for path in labels.rglob("*.json"):
        data = json.loads(path.read_text(encoding="utf-8"))["data"]
        path.write_text(json.dumps(data), encoding="utf-8")
    assert score_submission(predictions, labels).to_dict() == before


@pytest.mark.parametrize("task", TASKS)
def test_damaged_files_end_in_a_score_or_a_clean_error(submission, task):
    rng = random.Random(task)
    for folder in submission:
        for other in TASKS.keys() - {task}:
            shutil.rmtree(folder / other)
    pieces = [b"\n", b"\t", b"{", b"}", b'"', b"[", b"\\", b"\xff", b"\0", b"O", b"1", b"\r", b":"]
    outcomes = {"scored": 0, "refused": 0}
    for path in sorted(folder / task / f"test-zh.{TASKS[task].suffix}" for folder in submission):
        whole = path.read_bytes()
        for _ in range(150):
            damaged = bytearray(whole)
            for _ in range(rng.randint(1, 3)):
                place = rng.randrange(len(damaged) + 1)
                damaged[place : place + rng.choice([0, 1, 1, 7])] = rng.choice([b"", *pieces])
            path.write_bytes(damaged)
            try:
                score_submission(*submission)
                outcomes["scored"] += 1
            except DataError as error:
                assert path.name in str(error)
                outcomes["refused"] += 1
        path.write_bytes(whole)
    assert outcomes["refused"] > 0
