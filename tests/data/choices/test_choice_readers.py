"""Questions with options: every form of every data set, and what is refused."""

from __future__ import annotations

import bz2
import json
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError, SettingsError

CONTEXTS = (
    "A dog sleeps on the mat.",
    "一只狗在垫子上睡觉。",
    "สุนัขนอนอยู่บนเสื่อ",
    "كلبٌ ينام على الحصيرة.",
    "ایک کتا چٹائی پر سو رہا ہے۔",
    "एक कुत्ता चटाई पर सो रहा है।",
)


def jsonl(rows: list[dict]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def seen(reading) -> list[tuple]:
    return [(e.context, e.question, e.options, e.answer) for e in reading.examples]


# --- HellaSwag -------------------------------------------------------------------------------

ENDINGS = ("it wakes.", "它醒了。", "ตื่นแล้ว", "يستيقظ.")
HELLASWAG = [
    {
        "ind": 10 * i,
        "activity_label": "Sleeping",
        "ctx_a": context,
        "ctx_b": "the dog",
        "ctx": f"{context} the dog",
        "split": "val",
        "split_type": "indomain",
        "label": i % 4,
        "endings": list(ENDINGS),
        "source_id": f"activitynet~{i // 2}",
    }
    for i, context in enumerate(CONTEXTS)
]
HELLASWAG_SEEN = [(row["ctx"], "", ENDINGS, row["label"]) for row in HELLASWAG]
HELLASWAG_TEXT = "".join(
    "\n".join([f"Sleeping: {row['ctx']}", str(row["label"]), *ENDINGS]) + "\n" for row in HELLASWAG
)


def test_hellaswag_as_published(write, tmp_path):
    write("hellaswag_val.jsonl", jsonl(HELLASWAG))
    reading = read_examples("hellaswag", tmp_path, split="dev")
    assert seen(reading) == HELLASWAG_SEEN
    # Items of one video depend on each other.
    assert len({e.cluster_id for e in reading.examples}) == 3
    assert reading.examples[0].cluster_id == "dev-source-activitynet~0"


def test_hellaswag_as_text_and_compressed(write, tmp_path):
    write("plain/hellaswag_val_full.txt", HELLASWAG_TEXT)
    write("small/hellaswag_val_full.txt.bz2", bz2.compress(HELLASWAG_TEXT.encode()))
    plain = read_examples("hellaswag", tmp_path / "plain", split="val")
    small = read_examples("hellaswag", tmp_path / "small", split="val")
    assert seen(plain) == seen(small) == HELLASWAG_SEEN
    assert plain.examples == small.examples


def test_hellaswag_from_the_hub(tmp_path):
    table = pa.Table.from_pylist([row | {"label": str(row["label"])} for row in HELLASWAG])
    pq.write_table(table, tmp_path / "validation-00000-of-00001.parquet")
    assert seen(read_examples("hellaswag", tmp_path, split="dev")) == HELLASWAG_SEEN
    hidden = pa.Table.from_pylist([row | {"label": ""} for row in HELLASWAG])
    pq.write_table(hidden, tmp_path / "test-00000-of-00001.parquet")
    with pytest.raises(DataError, match="has no answer"):
        read_examples("hellaswag", tmp_path, split="test")
    reading = read_examples("hellaswag", tmp_path, split="test", require_labels=False)
    assert {e.answer for e in reading.examples} == {None}


def text_item(**change: str) -> str:
    lines = {"head": "Sleeping: A dog", "label": "1", "0": "a", "1": "b", "2": "c", "3": "d"}
    return "\n".join((lines | change).values()) + "\n"


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        (text_item() + text_item(head="no colon"), 7, "no ': '"),
        (text_item() + text_item(label="4"), 8, "not the number of an ending"),
        (text_item() + text_item(**{"2": " "}), 7, "option 2 is empty"),
        (text_item() + "Sleeping: A dog\n1\na\n", 7, "3 of 6 lines"),
        (text_item(head="Sleeping: "), 1, "both empty"),
    ],
)
def test_hellaswag_text_refuses(write, content, line, what):
    path = write("hellaswag_val_full.txt", content)
    with pytest.raises(DataError, match=what) as caught:
        read_examples("hellaswag", path)
    assert caught.value.where == f"{path}:{line}"


def test_damaged_compression_is_told(write):
    whole = bz2.compress(HELLASWAG_TEXT.encode() * 50)
    for content in (whole[: len(whole) // 2], b"no bz2 at all", whole[:40] + b"xx" + whole[42:]):
        path = write("a.txt.bz2", content)
        with pytest.raises(DataError, match="compressed file is damaged") as caught:
            read_examples("hellaswag", path)
        assert caught.value.where == str(path)
    with pytest.raises(DataError, match="is empty"):
        read_examples("hellaswag", write("b.txt.bz2", bz2.compress(b"")))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"endings": ["a", "b", "c"]}, "3 endings instead of 4"),
        ({"endings": "abcd"}, "a list is needed"),
        ({"endings": ["a", "b", "c", 4]}, "text is needed"),
        ({"endings": ["a", "b", "c", "\t"]}, "option 3 is empty"),
        ({"label": 4}, "no option is called '4'"),
        ({"label": True}, "neither a word nor a number"),
        ({"label": 1.5}, "neither a word nor a number"),
        ({"label": None}, "has no answer"),
        ({"ctx": None}, "'ctx' has no value"),
        ({"ctx": ["x"]}, "'ctx' is no text"),
        ({"ctx": "a\x00"}, "NUL"),
        ({"source_id": "\ud800"}, "half a surrogate"),
    ],
)
def test_hellaswag_refuses(write, change, what):
    rows = [HELLASWAG[0], HELLASWAG[1] | change]
    path = write("x.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError, match=what) as caught:
        read_examples("hellaswag", path)
    assert caught.value.where.startswith(f"{path}:2")


# --- CommonsenseQA ---------------------------------------------------------------------------

LETTERS = ["A", "B", "C", "D", "E"]
PLACES = ["bank", "library", "图书馆", "متجر", "दुकान"]


def nested(number: int, key: str = "C") -> dict:
    return {
        "id": f"q{number}",
        "answerKey": key,
        "question": {
            "stem": f"Where is door {number}?",
            "question_concept": f"door {number // 2}",
            "choices": [{"label": a, "text": t} for a, t in zip(LETTERS, PLACES, strict=True)],
        },
    }


def flat(number: int, key: str = "C") -> dict:
    return {
        "id": f"q{number}",
        "answerKey": key,
        "question": f"Where is door {number}?",
        "question_concept": f"door {number // 2}",
        "choices": {"label": LETTERS, "text": PLACES},
    }


def test_commonsenseqa_in_all_forms(write, tmp_path):
    write("nested/dev_rand_split.jsonl", jsonl([nested(i) for i in range(4)]))
    write("flat/dev_rand_split.jsonl", jsonl([flat(i) for i in range(4)]))
    (tmp_path / "hub").mkdir()
    table = pa.Table.from_pylist([flat(i) for i in range(4)])
    pq.write_table(table, tmp_path / "hub" / "validation-00000-of-00001.parquet")
    found = [
        read_examples("commonsenseqa", tmp_path / form, split="dev").examples
        for form in ("nested", "flat", "hub")
    ]
    assert found[0] == found[1] == found[2]
    assert found[0][1].options == tuple(PLACES)
    assert (found[0][1].context, found[0][1].answer) == ("", 2)
    assert [e.cluster_id for e in found[0]] == [f"dev-concept-door {n}" for n in (0, 0, 1, 1)]


def test_commonsenseqa_test_has_no_answers(write, tmp_path):
    row = nested(0)
    del row["answerKey"]
    write("test_rand_split_no_answers.jsonl", jsonl([row]))
    with pytest.raises(DataError, match="has no answer"):
        read_examples("commonsenseqa", tmp_path, split="test")
    reading = read_examples("commonsenseqa", tmp_path, split="test", require_labels=False)
    assert reading.examples[0].answer is None


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (flat(1, key="F"), "no option is called 'F'"),
        (flat(0), "id 'q0' occurs twice"),
        (flat(1) | {"choices": {"label": ["A", "A"], "text": ["x", "y"]}}, "1 different label"),
        (flat(1) | {"choices": {"label": ["A"], "text": ["x", "y"]}}, "2 choices with 1"),
        (flat(1) | {"choices": {"label": ["C"], "text": ["x"]}}, "1 option, at least 2"),
        (flat(1) | {"choices": [{"label": "A"}]}, "no key 'text'"),
        (flat(1) | {"question": {"stem": "x"}}, "no key 'choices'"),
        (flat(1) | {"question": ""}, "both empty"),
    ],
)
def test_commonsenseqa_refuses(write, row, what):
    path = write("x.jsonl", jsonl([flat(0), row]))
    with pytest.raises(DataError, match=what) as caught:
        read_examples("commonsenseqa", path)
    assert caught.value.where.startswith(f"{path}:2")


# --- Cosmos QA -------------------------------------------------------------------------------

COSMOS = "id,context,question,answer0,answer1,answer2,answer3,label\n"


def test_cosmosqa_csv_is_quoted_csv(write, tmp_path):
    write(
        "valid.csv",
        COSMOS + 'a,"He said ""no"", then\nleft .",Why ?,"x, y",b,c,d,2\r\n'
        "b,她说不。,为什么？,甲,乙,丙,丁,0\r\n",
    )
    reading = read_examples("cosmosqa", tmp_path, split="dev")
    assert seen(reading) == [
        ('He said "no", then\nleft .', "Why ?", ("x, y", "b", "c", "d"), 2),
        ("她说不。", "为什么？", ("甲", "乙", "丙", "丁"), 0),
    ]


def test_cosmosqa_jsonl_and_hub(write, tmp_path):
    row = {"id": "a", "context": "c", "question": "q", **{f"answer{i}": f"o{i}" for i in range(4)}}
    write("test.jsonl", jsonl([row]))
    with pytest.raises(DataError, match="has no answer"):
        read_examples("cosmosqa", tmp_path, split="test")
    assert seen(read_examples("cosmosqa", tmp_path, split="test", require_labels=False)) == [
        ("c", "q", ("o0", "o1", "o2", "o3"), None)
    ]
    (tmp_path / "hub").mkdir()
    table = pa.Table.from_pylist([row | {"label": 3}, row | {"id": "b", "label": -1}])
    pq.write_table(table, tmp_path / "hub" / "train-00000-of-00001.parquet")
    reading = read_examples("cosmosqa", tmp_path / "hub", split="train", require_labels=False)
    assert [e.answer for e in reading.examples] == [3, None]
    assert len({e.cluster_id for e in reading.examples}) == 1


@pytest.mark.parametrize(
    ("body", "line", "what"),
    [
        ("a,c,q,1,2,3,4,0\nb,c,q,1,2,3,4\n", 3, "7 cells instead of 8"),
        ('a,"two\nlines",q,1,2,3,4,0\nb,c,q,1,2,3,4,9\n', 4, "no option is called '9'"),
        ('a,c,q,1,2,3,4,0\nb,"open,q,1,2,3,4,0\n', 3, "not quoted properly"),
        ('a,c,q,1,2,3,4,0\nb,"c" x,q,1,2,3,4,0\n', 3, "not quoted properly"),
        ("a,c,q,1,2,3,4,0\n\nb,c,q,1,2,3,4,0\n", 3, "line is blank"),
        ("a,c,q,1,2,3,4,0\na,c,q,1,2,3,4,0\n", 3, "id 'a' occurs twice"),
        ("a,c,q,1,2,,4,0\n", 2, "option 2 is empty"),
    ],
)
def test_cosmosqa_names_the_line_where_a_record_begins(write, body, line, what):
    path = write("train.csv", COSMOS + body)
    with pytest.raises(DataError, match=what) as caught:
        read_examples("cosmosqa", path)
    assert caught.value.where == f"{path}:{line}"


def test_csv_headers_are_checked(write):
    with pytest.raises(DataError, match="no column 'answer3'"):
        read_examples("cosmosqa", write("a.csv", COSMOS.replace("answer3", "x") + "1\n"))
    with pytest.raises(DataError, match="'context' twice"):
        read_examples("cosmosqa", write("a.csv", COSMOS.replace("question", "context") + "1\n"))
    with pytest.raises(DataError, match="header and no rows"):
        read_examples("cosmosqa", write("a.csv", COSMOS))


def test_an_overlong_cell_is_refused(write):
    path = write("a.csv", COSMOS + f'a,"{"x" * 140_000}",q,1,2,3,4,0\n')
    with pytest.raises(DataError, match="field larger than field limit"):
        read_examples("cosmosqa", path)


# --- Social IQa ------------------------------------------------------------------------------

SOCIAL = [
    {"context": c, "question": "Why?", "answerA": "甲", "answerB": "b", "answerC": "ج"}
    for c in CONTEXTS[:3]
]


def test_siqa_with_labels_in_a_file_of_their_own(write, tmp_path):
    write("dev.jsonl", jsonl(SOCIAL))
    write("dev-labels.lst", "1\n3\n2\n")
    reading = read_examples("siqa", tmp_path, split="dev")
    assert [e.answer for e in reading.examples] == [0, 2, 1]
    assert reading.examples[0].options == ("甲", "b", "ج")
    assert [file.name for file in reading.files] == ["dev.jsonl", "dev-labels.lst"]
    write("dev-labels.lst", "1\n3\n")
    with pytest.raises(DataError, match="2 labels, but 3 questions"):
        read_examples("siqa", tmp_path, split="dev")
    path = write("dev-labels.lst", "1\n4\n2\n")
    with pytest.raises(DataError, match="'4' is no number") as caught:
        read_examples("siqa", tmp_path, split="dev")
    assert caught.value.where == f"{path}:2"


def test_siqa_in_other_forms(write, tmp_path):
    rows = [row | {"correct": letter} for row, letter in zip(SOCIAL, "ACB", strict=True)]
    write("socialIQa_v1.4_tst.jsonl", jsonl(rows))
    reading = read_examples("siqa", tmp_path, split="test")
    assert [e.answer for e in reading.examples] == [0, 2, 1]
    (tmp_path / "hub").mkdir()
    table = pa.Table.from_pylist([row | {"label": "3"} for row in SOCIAL])
    pq.write_table(table, tmp_path / "hub" / "train-00000-of-00001.parquet")
    hub = read_examples("siqa", tmp_path / "hub", split="train")
    assert [e.answer for e in hub.examples] == [2, 2, 2]
    with pytest.raises(DataError, match="no option is called 'D'"):
        read_examples("siqa", write("x.jsonl", jsonl([rows[0] | {"correct": "D"}])))
    write("plain/dev.jsonl", jsonl(SOCIAL))
    with pytest.raises(DataError, match="has no answer"):
        read_examples("siqa", tmp_path / "plain", split="dev")


# --- COPA ------------------------------------------------------------------------------------


def copa(language: str, place: int) -> dict:
    context = CONTEXTS[place]
    return {
        "premise": context,
        "choice1": f"{language} 1",
        "choice2": f"{language} 2",
        "question": ("cause", "effect")[place % 2],
        "label": place % 2,
        "idx": place,
        "changed": False,
    }


@pytest.mark.parametrize(
    "pattern",
    [
        "{split}.{language}.jsonl",
        "{split}-{language}.jsonl",
        "{language}/{split}.{language}.jsonl",
    ],
)
def test_copa_in_its_layouts(write, tmp_path, pattern):
    languages = ("en", "zh", "th", "ta")
    for language in languages:
        rows = [copa(language, i) for i in range(4)]
        write(pattern.format(split="val", language=language), jsonl(rows))
    reading = read_examples("copa", tmp_path, split="dev", languages=languages)
    assert len(reading.examples) == 16
    assert len({e.unit_id for e in reading.examples}) == 4
    assert len({e.cluster_id for e in reading.examples}) == 4
    # The question is in English for every language.
    assert {e.question for e in reading.examples} == {
        "What was the cause?",
        "What happened as a result?",
    }
    assert reading.examples[4].options == ("zh 1", "zh 2")


def test_copa_of_superglue_and_the_hub(write, tmp_path):
    write("val.jsonl", jsonl([copa("en", 0)]))
    assert len(read_examples("copa", tmp_path, split="val").examples) == 1
    for language in ("et", "qu"):
        (tmp_path / "hub" / language).mkdir(parents=True)
        file = tmp_path / "hub" / language / "validation-00000-of-00001.parquet"
        pq.write_table(pa.Table.from_pylist([copa(language, i) for i in range(3)]), file)
    reading = read_examples("copa", tmp_path / "hub", split="val", languages=("et", "qu"))
    assert len(reading.examples) == 6


def test_copa_refuses(write, tmp_path):
    path = write("val.en.jsonl", jsonl([copa("en", 0), copa("en", 1) | {"question": "why"}]))
    with pytest.raises(DataError, match="unknown question 'why'") as caught:
        read_examples("copa", tmp_path, split="val")
    assert caught.value.where == f"{path}:2"
    write("val.en.jsonl", jsonl([copa("en", 0), copa("en", 1)]))
    write("val.tr.jsonl", jsonl([copa("tr", 0)]))
    with pytest.raises(DataError, match="1 rows in 'tr' but 2 in 'en'"):
        read_examples("copa", tmp_path, split="val", languages=("en", "tr"))
    with pytest.raises(DataError, match="no language 'ht'"):
        read_examples("copa", tmp_path, split="val", languages=("ht",))
    with pytest.raises(SettingsError, match="no split is given"):
        read_examples("copa", tmp_path)


def test_english_sets_have_no_other_language(write):
    path = write("dev.jsonl", jsonl(SOCIAL))
    with pytest.raises(SettingsError, match="holds en, not 'tr'"):
        read_examples("siqa", path, languages=("tr",))


# --- the published files ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format", "folder", "split", "rows", "clusters"),
    [
        ("hellaswag", "hellaswag", "val", 10_042, 10_018),
        ("commonsenseqa", "commonsenseqa", "dev", 1221, 785),
        ("cosmosqa", "cosmosqa", "valid", 2985, 2445),
        ("siqa", "siqa", "dev", 1954, 1930),
        ("siqa", "siqa", "test", 2224, 2203),
        ("copa", "xcopa", "train", 400, 400),
    ],
)
def test_real_counts(real_data, format, folder, split, rows, clusters):
    reading = read_examples(format, real_data / folder, split=split)
    assert len(reading.examples) == rows
    assert len({e.cluster_id for e in reading.examples}) == clusters
    assert reading.dropped == {}
    counts = Counter(e.answer for e in reading.examples)
    assert sorted(counts) == list(range(len(reading.examples[0].options)))
    assert min(counts.values()) > 0.75 * max(counts.values())


def test_real_xcopa(real_data):
    languages = tuple("en et ht id it qu sw ta th tr vi zh".split())
    reading = read_examples("copa", real_data / "xcopa", split="val", languages=languages)
    by_language = {c: [e for e in reading.examples if e.language == c] for c in languages}
    assert {len(rows) for rows in by_language.values()} == {100}
    for rows in by_language.values():
        assert [e.answer for e in rows] == [e.answer for e in by_language["en"]]
    # A fault of the published files, kept as it is: in Thai every question asks for the effect.
    asked = {c: Counter(e.question for e in rows) for c, rows in by_language.items()}
    assert asked["en"]["What was the cause?"] == 52
    assert asked["th"]["What happened as a result?"] == 100
    test = read_examples("copa", real_data / "xcopa", split="test", languages=languages)
    assert len(test.examples) == 6000
