"""Formats of the span family: small files by hand, then the published ones whole."""

from __future__ import annotations

import json
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.data import read_examples
from crosscal.data.examples import Answer
from crosscal.exceptions import DataError, SettingsError

# Letters beyond the basic plane, combining marks, right to left, no spaces between words.
CONTEXTS = {
    "en": ("\U0001f600 Normandy lies in France.", "France"),
    "ar": ("تقع نورماندي في فرنسا.", "فرنسا"),
    "th": ("นอร์ม็องดีอยู่ในฝรั่งเศส", "ฝรั่งเศส"),
    "zh": ("\ufeff诺曼底位于法国。", "法国"),
    "hi": ("नॉर्मंडी फ़्रांस में है।", "फ़्रांस"),
}


def question(identity="1", text="France", start=19, **more):
    answers = [{"text": text, "answer_start": start}]
    return {"id": identity, "question": "Where?", "answers": answers, **more}


def squad(*paragraphs, **more):
    """Return a file of one article with paragraphs of a context and questions."""
    listed = [{"context": context, "qas": qas} for context, qas in paragraphs]
    return json.dumps({"version": "1.1", "data": [{"title": "t", "paragraphs": listed}], **more})


def of(language, *identities):
    context, answer = CONTEXTS[language]
    start = context.index(answer)
    return squad((context, [question(i, answer, start) for i in identities or ("1",)]))


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
    asked = {"id": "1", "question": "Where?", **answers}
    file = write("a.json", squad((CONTEXTS["en"][0], [asked])))
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


# --- XQuAD, MLQA, TyDiQA -------------------------------------------------------------------


def test_xquad_shares_questions(write, tmp_path):
    for language in CONTEXTS:
        write(f"xquad.{language}.json", of(language, "a", "b"))
    reading = read_examples("xquad", tmp_path, split="test", languages=tuple(CONTEXTS))
    assert reading.parallel
    assert {e.unit_id for e in reading.examples} == {"test-00000", "test-00001"}
    assert {e.cluster_id for e in reading.examples} == {"test-00000"}
    write("xquad.hi.json", of("hi", "a", "c"))
    with pytest.raises(DataError, match="id 'c' in 'hi' but 'b' in 'en'"):
        read_examples("xquad", tmp_path, split="test", languages=("en", "hi"))
    write("xquad.hi.json", of("hi", "a"))
    with pytest.raises(DataError, match="1 rows in 'hi' but 2 in 'en'"):
        read_examples("xquad", tmp_path, split="test", languages=("en", "hi"))
    with pytest.raises(SettingsError, match="no split 'train'.*train and develop on SQuAD"):
        read_examples("xquad", tmp_path, split="train")


@pytest.mark.parametrize("folder", ["", "test/", "MLQA_V1/test/"])
def test_mlqa_folders(write, tmp_path, folder):
    for context, asked in (("zh", "zh"), ("hi", "hi"), ("zh", "hi")):
        write(f"{folder}test-context-{context}-question-{asked}.json", of(context))
    reading = read_examples("mlqa", tmp_path, split="test", languages=("zh", "hi"))
    assert [e.context for e in reading.examples] == [CONTEXTS["zh"][0], CONTEXTS["hi"][0]]
    assert not reading.parallel
    assert [e.cluster_id for e in reading.examples] == ["zh/test-00000", "hi/test-00000"]
    across = tmp_path / f"{folder}{{split}}-context-zh-question-{{language}}.json"
    (example,) = read_examples("squad", across, split="test", languages=("hi",)).examples
    assert example.context == CONTEXTS["zh"][0]
    with pytest.raises(DataError, match="there is no"):
        read_examples("mlqa", tmp_path, split="test", languages=("en",))


def tydiqa(*languages):
    paragraphs = []
    for number, (name, code) in enumerate(languages):
        context, answer = CONTEXTS[code]
        asked = question(f"{name}-{number}-0", answer, context.index(answer))
        paragraphs.append((context, [asked]))
    return squad(*paragraphs)


def test_tydiqa_finds_languages_by_their_ids(write, tmp_path):
    text = tydiqa(("arabic", "ar"), ("english", "en"), ("arabic", "ar"), ("thai", "th"))
    file = write("tydiqa-goldp-v1.1-train.json", text)
    for path in (tmp_path, file):
        reading = read_examples("tydiqa-goldp", path, split="train", languages=("en", "ar"))
        assert [(e.language, e.unit_id, e.question_id) for e in reading.examples] == [
            ("en", "train-00000", "english-1-0"),
            ("ar", "train-00000", "arabic-0-0"),
            ("ar", "train-00001", "arabic-2-0"),
        ]
        assert reading.files == (file,)
    with pytest.raises(DataError, match="no questions in language 'sw'.*Known are: ar, en, th"):
        read_examples("tydiqa-goldp", tmp_path, split="train", languages=("sw",))
    write("x.json", tydiqa(("arabic", "ar"), ("klingon", "en")))
    with pytest.raises(DataError, match="does not begin with the name of a language"):
        read_examples("tydiqa-goldp", tmp_path / "x.json", languages=("ar",))


@pytest.mark.parametrize(
    "name",
    [
        "tydiqa.goldp.ar.dev.json",
        "tydiqa-goldp-v1.1-dev/tydiqa.goldp.ar.dev.json",
        "tydiqa-goldp-v1.1-dev/tydiqa.ar.dev.json",
        "tydiqa-goldp-v1.1-dev/tydiqa-goldp-dev-arabic.json",
    ],
)
def test_tydiqa_folders(write, tmp_path, name):
    file = write(name, tydiqa(("arabic", "ar")))
    reading = read_examples("tydiqa-goldp", tmp_path, split="dev", languages=("ar",))
    assert reading.files == (file,)
    with pytest.raises(DataError, match="there is no|no such folder"):
        read_examples("tydiqa-goldp", tmp_path, split="dev", languages=("te",))


def test_tydiqa_numbers_that_xtreme_left_are_no_ids(write):
    examples = read_examples("tydiqa-goldp", write("a.json", of("en", "0", "1", "0"))).examples
    assert [e.question_id for e in examples] == ["row-00000", "row-00001", "row-00002"]


# --- the Hub -------------------------------------------------------------------------------


def parquet(path, identities, codes, answers=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    if answers is None:
        found = [(CONTEXTS[code][1], CONTEXTS[code][0].index(CONTEXTS[code][1])) for code in codes]
        answers = [{"text": [text], "answer_start": [start]} for text, start in found]
    table = {
        "id": list(identities),
        "context": [CONTEXTS[code][0] for code in codes],
        "question": ["Where?"] * len(codes),
        "answers": answers,
    }
    pq.write_table(pa.table(table), path)


def test_squad_from_the_hub(tmp_path):
    nothing = {"text": [], "answer_start": []}
    here = {"text": ["France"], "answer_start": [19]}
    parquet(tmp_path / "validation-00000-of-00001.parquet", "ab", ["en"] * 2, [here, nothing])
    first, second = read_examples("squad-hub", tmp_path, split="dev").examples
    assert first.answers == (Answer("France", 19),)
    assert second.answers == ()
    assert first.cluster_id == second.cluster_id


def test_languages_in_folders_of_the_hub(tmp_path):
    for code in ("en", "th"):
        parquet(tmp_path / f"xquad.{code}/validation-00000-of-00001.parquet", "ab", [code] * 2)
        parquet(tmp_path / f"MLQA.{code}.{code}/test-00000-of-00001.parquet", "ab", [code] * 2)
    reading = read_examples("xquad-hub", tmp_path, split="test", languages=("en", "th"))
    assert reading.parallel
    assert [e.language for e in reading.examples] == ["en", "en", "th", "th"]
    pattern = tmp_path / "MLQA.{language}.{language}"
    reading = read_examples("squad-hub", pattern, split="test", languages=("th",))
    assert reading.examples[0].context == CONTEXTS["th"][0]
    with pytest.raises(DataError, match="no folder for language 'hi'.*xquad.en"):
        read_examples("xquad-hub", tmp_path, split="test", languages=("hi",))


def test_tydiqa_from_the_hub(tmp_path):
    parquet(
        tmp_path / "validation-00000-of-00001.parquet",
        ["arabic-1-0", "english-1-0", "arabic-2-1"],
        ["ar", "en", "ar"],
    )
    reading = read_examples("tydiqa-hub", tmp_path, split="dev", languages=("ar", "en"))
    assert [e.question_id for e in reading.examples] == ["arabic-1-0", "arabic-2-1", "english-1-0"]


@pytest.mark.parametrize(
    ("answers", "what"),
    [
        ({"text": ["France"], "answer_start": [19, 3]}, "no equally long lists"),
        ({"text": ["France"], "answer_start": ["19"]}, "no equally long lists"),
        ({"text": ["France"]}, "no equally long lists"),
        (["France"], "no equally long lists"),
        ({"text": ["France"], "answer_start": [20]}, "does not stand at character 20"),
    ],
)
def test_bad_answers_of_the_hub_are_told(tmp_path, answers, what):
    file = tmp_path / "train.parquet"
    parquet(file, "a", ["en"], [answers])
    with pytest.raises(DataError, match=what) as caught:
        read_examples("squad-hub", file)
    assert caught.value.where == f"{file}:row 0"


# --- the published files -------------------------------------------------------------------

XQUAD = ("en", "ar", "de", "el", "es", "hi", "ru", "th", "tr", "vi", "zh")


def plainly(file):
    """Return all questions of a file, read as directly as can be."""
    return [
        (p["context"], q["question"], [(a["text"], a["answer_start"]) for a in q["answers"]])
        for article in json.loads(file.read_bytes())["data"]
        for p in article["paragraphs"]
        for q in p["qas"]
    ]


def found(examples):
    return [(e.context, e.question, [(a.text, a.start) for a in e.answers]) for e in examples]


def test_real_xquad(real_data):
    reading = read_examples("xquad", real_data / "xquad", split="test", languages=XQUAD)
    assert len(reading.examples) == 1190 * 11
    assert len({e.unit_id for e in reading.examples}) == 1190
    assert len({e.cluster_id for e in reading.examples}) == 240
    for language in XQUAD:
        part = [e for e in reading.examples if e.language == language]
        assert found(part) == plainly(real_data / "xquad" / f"xquad.{language}.json")
        for e in part:
            assert all(e.context[a.start :].startswith(a.text) for a in e.answers)


def test_real_squad_subset(real_data):
    reading = read_examples("squad", real_data / "squad_subset", split="dev")
    assert Counter(bool(e.answers) for e in reading.examples) == {True: 705, False: 702}
    assert len({e.cluster_id for e in reading.examples}) == 173
    assert found(reading.examples) == plainly(real_data / "squad_subset" / "dev-v1.1.json")


def test_real_mlqa(real_data):
    reading = read_examples("mlqa", real_data / "mlqa", split="dev", languages=("de", "en"))
    assert Counter(e.language for e in reading.examples) == {"de": 512, "en": 1148}


def test_real_tydiqa(real_data):
    folder = real_data / "tydiqa"
    train = read_examples("tydiqa-goldp", folder, split="train", languages=("en", "sw")).examples
    assert Counter(e.language for e in train) == {"en": 3696, "sw": 2755}
    for language in ("en", "sw"):
        file = folder / "tydiqa-goldp-v1.1-train" / f"tydiqa.goldp.{language}.train.json"
        assert found([e for e in train if e.language == language]) == plainly(file)
    counts = "ar 921 bn 113 en 440 fi 782 id 565 ko 276 ru 812 sw 499 te 669".split()
    expected = dict(zip(counts[::2], map(int, counts[1::2]), strict=True))
    dev = read_examples(
        "tydiqa-goldp", folder, split="dev", languages=tuple(expected), require_labels=False
    ).examples
    assert Counter(e.language for e in dev) == expected
    # XTREME emptied them; see the description of the format.
    assert {e.answers for e in dev} == {None}
    with pytest.raises(DataError, match="the question has no answers"):
        read_examples("tydiqa-goldp", folder, split="dev", languages=("fi",))
