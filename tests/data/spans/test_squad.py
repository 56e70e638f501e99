"""SQuAD's form: offsets, answers, and what is refused."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from crosscal.data import read_examples
from crosscal.data.examples import Answer
from crosscal.exceptions import DataError, SettingsError
from tests.data.spans.samples import CONTEXTS, actual, of, plainly, question, squad


@pytest.mark.parametrize("language", CONTEXTS)
def test_offsets_count_code_points(write, language):
    file = write("a.json", of(language))
    (example,) = read_examples("squad", file, languages=(language,)).examples
    (answer,) = example.answers
    assert (example.context, answer.text) == CONTEXTS[language]
    assert example.context[answer.start :].startswith(answer.text)
    assert example.question_id == "1"


def test_questions_about_a_context_are_one_cluster(write):
    context = CONTEXTS["en"][0]
    # Files that XTREME prepared hold a paragraph for each question.
    text = squad((context, [question("1")]), (context, [question("2")]), ("x", []))
    examples = read_examples("squad", write("a.json", text), split="dev").examples
    assert [e.cluster_id for e in examples] == ["en/dev-00000"] * 2
    assert [e.unit_id for e in examples] == ["dev-00000", "dev-00001"]


def test_version_2_knows_what_cannot_be_answered(write):
    context = CONTEXTS["en"][0]
    plausible = [{"text": "anything", "answer_start": 900}]
    none = {
        "id": "2",
        "question": "When?",
        "answers": [],
        "is_impossible": True,
        "plausible_answers": plausible,
    }
    text = squad((context, [question(is_impossible=False), none]))
    first, second = read_examples("squad", write("a.json", text)).examples
    assert first.answers == (Answer("France", 19),)
    assert second.answers == ()


@pytest.mark.parametrize(
    "answers", [{}, {"answers": []}, {"answers": [{"text": "", "answer_start": 0}]}]
)
def test_withheld_answers_are_not_unanswerable_questions(write, answers):
    args = {"id": "1", "question": "Where?", **answers}
    file = write("a.json", squad((CONTEXTS["en"][0], [args])))
    with pytest.raises(DataError, match="the question has no answers"):
        read_examples("squad", file)
    (example,) = read_examples("squad", file, require_labels=False).examples
    assert example.answers is None


def changed(path, value):
    """Return a good file with one node replaced, or removed if the value is `...`."""
    tree = json.loads(squad((CONTEXTS["en"][0], [question()])))
    node = tree
    *way, last = path
    for step in way:
        node = node[step]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return json.dumps(tree)


QA = ("data", 0, "paragraphs", 0, "qas", 0)


PLACE = "data[0].paragraphs[0].qas[0]"


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        (changed(("data",), ...), "top level", "no key 'data'"),
        ("[]", "top level", "an object is needed here, but this is a list"),
        ('"data"', "top level", "an object is needed here, but this is text"),
        (changed(("data",), {}), "data", "a list is needed here, but this is an object"),
        (changed(("data", 0, "paragraphs"), ...), "data[0]", "no key 'paragraphs'"),
        (changed((*QA, "question"), ...), PLACE, "no key 'question'"),
        (changed((*QA, "question"), 7), f"{PLACE}.question", "text is needed.*the number 7"),
        (changed((*QA, "question"), " "), PLACE, "the question is empty"),
        (changed((*QA, "id"), None), f"{PLACE}.id", "text is needed here, but this is null"),
        (changed((*QA, "answers", 0, "text"), "Paris"), PLACE, "'Paris' does not stand at"),
        (changed((*QA, "answers", 0, "text"), " France"), PLACE, "where 'France.' stands"),
        (changed((*QA, "answers", 0, "answer_start"), -4), PLACE, "does not stand at character -4"),
        (changed((*QA, "answers", 0, "answer_start"), 10**17), PLACE, "does not stand"),
        *(
            (
                changed((*QA, "answers", 0, "answer_start"), value),
                f"{PLACE}.answers[0].answer_start",
                "a whole number is needed",
            )
            for value in (21.0, "21", True, None, float("nan"), 10**30, [21])
        ),
        (
            changed((*QA, "answers", 0, "answer_start"), 77).replace("77", "7" * 9000),
            f"{PLACE}.answers[0].answer_start",
            "a whole number is needed here, but this is the number inf",
        ),
        (changed((*QA, "is_impossible"), 0), f"{PLACE}.is_impossible", "true or false"),
        (changed((*QA, "is_impossible"), True), PLACE, "answers, but is_impossible is true"),
        (
            squad(("a", [{"id": "1", "question": "b", "answers": [], "is_impossible": False}])),
            PLACE,
            "no answers, but is_impossible is false",
        ),
        (
            squad((CONTEXTS["en"][0], [question(), question()])),
            "data[0].paragraphs[0].qas[1]",
            "id '1' occurs twice",
        ),
        (
            squad((CONTEXTS["en"][0], [question()])).replace('"id": "1"', '"id": "1", "id": "2"'),
            PLACE,
            "'id' stands twice in one object",
        ),
        (changed((*QA, "question"), "\ud83d"), f"{PLACE}.question", "half a surrogate pair"),
        (changed((*QA, "id"), "\x00"), f"{PLACE}.id", "NUL"),
        ('{"data": [\n {"paragraphs": [\n  {]}]}', "3", "no JSON.*column 4"),
        ('{"data": [', "1", "no JSON"),
        ("[" * 100_000, None, "nested too deeply"),
        ('{"data": []}', None, "no rows are left"),
        (b'{"data": "\xff"}', "1", "not UTF-8"),
    ],
)
def test_what_is_wrong_is_told_with_its_path_or_line(write, text, where, what):
    file = write("bad.json", text)
    with pytest.raises(DataError, match=what) as caught:
        read_examples("squad", file)
    assert caught.value.where == (str(file) if where is None else f"{file}:{where}")


def test_squad_folders(write, tmp_path):
    write("train-v2.0.json", of("en"))
    assert len(read_examples("squad", tmp_path, split="train").examples) == 1
    write("train-v1.1.json", of("en"))
    with pytest.raises(SettingsError, match="v1.1.json and train-v2.0.json are both there"):
        read_examples("squad", tmp_path, split="train")
    write("labels/test-ar.json", of("ar"))
    pattern = tmp_path / "labels" / "{split}-{language}.json"
    assert len(read_examples("squad", pattern, split="test", languages=("ar",)).examples) == 1
    with pytest.raises(DataError, match="no language 'th'.*Known are: ar"):
        read_examples("squad", pattern, split="test", languages=("th",))


def test_real_squad_subset(real_data):
    reading = read_examples("squad", real_data / "squad_subset", split="dev")
    assert Counter(bool(e.answers) for e in reading.examples) == {True: 705, False: 702}
    assert len({e.cluster_id for e in reading.examples}) == 173
    assert actual(reading.examples) == plainly(real_data / "squad_subset" / "dev-v1.1.json")
