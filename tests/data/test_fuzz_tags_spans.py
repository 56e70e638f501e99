"""Damaged files of every tagging and span format: an error that says where, or a whole reading.

A reading must be whole: an independent count of the damaged file's words, sentences or questions
finds the same number, so that nothing was left out without a word. ``CROSSCAL_FUZZ`` sets how many
files a format gets.
"""

from __future__ import annotations

import io
import json
import re
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.data import FORMATS, Dataset, read_examples
from crosscal.data.spans.spans import SPANS
from crosscal.data.tags.tags import TAGS
from crosscal.exceptions import CrosscalError
from tests.data.mutation import COUNT, mutated
from tests.data.spans.samples import CONTEXTS, of, question, squad
from tests.data.tags.samples import AUTO, HEBREW, SWAHILI, TURKISH

SLOW = 5.0


@dataclass
class Case:
    """Sound files, what is asked of them, and how to count what is in one of them."""

    files: dict[str, bytes]
    count: Callable[[bytes], int]
    of_reading: Callable[[Dataset], int]
    args: dict[str, Any] = field(default_factory=dict)


def words(reading: Dataset) -> int:
    return sum(len(e.words) for e in reading.examples)


def rows(reading: Dataset) -> int:
    return len(reading.examples)


def lines(content: bytes) -> list[str]:
    actual = content.removeprefix(b"\xef\xbb\xbf").decode().split("\n")
    return [line.removesuffix("\r") for line in actual]


def word_lines(content: bytes) -> int:
    return sum(
        bool(line) and not re.match("-DOCSTART-(?=[ \t]|$)", line) for line in lines(content)
    )


def conllu_words(content: bytes) -> int:
    return sum(bool(re.match(r"[1-9][0-9]*\t", line)) for line in lines(content))


def derivations(content: bytes) -> int:
    return sum(line.startswith("(") for line in lines(content))


def stagged(content: bytes) -> int:
    return sum(bool(line) and "|" in line for line in lines(content))


def loaded(content: bytes) -> Any:
    # As floats, numbers may have any number of digits.
    return json.loads(content.removeprefix(b"\xef\xbb\xbf"), parse_int=float)


def json_words(content: bytes) -> int:
    return sum(len(item[1][0]) for item in loaded(content))


def questions(content: bytes) -> int:
    articles = loaded(content)["data"]
    return sum(len(p["qas"]) for article in articles for p in article["paragraphs"])


def parquet_rows(content: bytes) -> int:
    return pq.read_table(io.BytesIO(content)).num_rows


def parquet(**columns: list[Any]) -> bytes:
    sink = io.BytesIO()
    table = pa.table(columns)
    names = json.dumps({"info": {"features": {"ner_tags": {"feature": {"names": ["O", "B-X"]}}}}})
    pq.write_table(table.replace_schema_metadata({"huggingface": names}), sink, compression="none")
    return sink.getvalue()


def spans(language: str) -> bytes:
    context, answer = CONTEXTS[language]
    answers = [
        {"text": [answer], "answer_start": [context.index(answer)]},
        {"text": [], "answer_start": []},
    ]
    names = ["arabic-1-0", "arabic-2-0"] if language == "ar" else ["a", "b"]
    return parquet(id=names, context=[context] * 2, question=["Where?", "When?"], answers=answers)


UNANSWERABLE = {"id": "3", "question": "?", "answers": [], "is_impossible": True}
SQUAD = squad(
    (CONTEXTS["en"][0], [question("1"), question("2", is_impossible=False)]), ("b", [UNANSWERABLE])
)
CCG = json.dumps([["No cats", [["NP[nb]/N", "N"], [0, 0]]], ["Go", [["S[b]\\NP"], [0]]]])
ENGLISH = {"split": "train"}
TREEBANK = TURKISH + TURKISH.replace("t-1", "t-2")
SECOND = {"split": "test", "languages": ("tr",)}
SWAHILI_TEST = {"split": "test", "languages": ("sw",)}
ARABIC = {"split": "test", "languages": ("ar",)}

CASES = {
    "conll": Case({"train.txt": (SWAHILI * 3).encode()}, word_lines, words, ENGLISH),
    "masakhaner": Case({"swa/test.txt": (SWAHILI * 3).encode()}, word_lines, words, SWAHILI_TEST),
    "masakhaner-hub": Case(
        {"swa/test.parquet": parquet(tokens=[["a", "ب"]] * 3, ner_tags=[[1, 0]] * 3)},
        parquet_rows,
        rows,
        SWAHILI_TEST,
    ),
    "udpos-xtreme": Case({"train-en.tsv": HEBREW.encode()}, word_lines, words, ENGLISH),
    "panx-xtreme": Case(
        {"train-en.tsv": SWAHILI.replace(" ", "\t").encode()}, word_lines, words, ENGLISH
    ),
    "wikiann": Case({"en/train": b"en:a\tO\nen:b\tB-X\n\nen:c\tO\n"}, word_lines, words, ENGLISH),
    "conllu": Case({"tr_x-ud-test.conllu": TREEBANK.encode()}, conllu_words, words, SECOND),
    "ud-pud": Case({"tr_pud-ud-test.conllu": TREEBANK.encode()}, conllu_words, words, SECOND),
    "udpos-hub": Case(
        {"en/train.parquet": parquet(tokens=[["a", "ب"]] * 3, pos_tags=[[1, 16]] * 3)},
        parquet_rows,
        rows,
        ENGLISH,
    ),
    "panx-hub": Case(
        {"train.parquet": parquet(tokens=[["a", "ب"]] * 3, ner_tags=[[1, 0]] * 3)},
        parquet_rows,
        rows,
        ENGLISH,
    ),
    "ccg-json": Case({"train.json": CCG.encode()}, json_words, words, ENGLISH),
    "ccg-stagged": Case(
        {"train.staggedGold": b"How|WRB|S/S a|b|NN|N\nGo|VB|S\n"}, stagged, rows, ENGLISH
    ),
    "ccg-auto": Case(
        {"train.auto": (AUTO.format(1) + AUTO.format(2)).encode()}, derivations, rows, ENGLISH
    ),
    "squad": Case({"train.json": SQUAD.encode()}, questions, rows, ENGLISH),
    "xquad": Case({"xquad.ar.json": of("ar", "1", "2").encode()}, questions, rows, ARABIC),
    "mlqa": Case(
        {"test-context-ar-question-ar.json": of("ar", "1", "2").encode()}, questions, rows, ARABIC
    ),
    "tydiqa-goldp": Case(
        {"tydiqa.goldp.ar.test.json": of("ar", "arabic-1-0", "arabic-2-0").encode()},
        questions,
        rows,
        ARABIC,
    ),
    "squad-hub": Case({"train.parquet": spans("th")}, parquet_rows, rows, ENGLISH),
    "xquad-hub": Case({"xquad.ar/validation.parquet": spans("hi")}, parquet_rows, rows, ARABIC),
    "tydiqa-hub": Case({"test.parquet": spans("ar")}, parquet_rows, rows, ARABIC),
}


def test_every_format_of_both_kinds_is_fuzzed():
    assert set(CASES) == {name for name, entry in FORMATS.items() if entry.schema in (TAGS, SPANS)}


def check_whole(reading: Dataset) -> None:
    assert reading.examples
    for e in reading.examples:
        if hasattr(e, "words"):
            assert len(e.words) == len(e.tags) > 0
            assert all(word.strip() for word in e.words)
            assert all(e.tags)
            " ".join((*e.words, *e.tags)).encode()
        else:
            assert e.context.strip()
            assert e.question.strip()
            (e.context + e.question + e.question_id).encode()
            assert all(e.context[a.start :].startswith(a.text) for a in e.answers)
            assert all(a.text.strip() and a.start >= 0 for a in e.answers)


@pytest.mark.parametrize("name", CASES)
def test_damaged_files_give_an_error_or_a_whole_reading(name, tmp_path: Path):
    case = CASES[name]
    # The same files in every run, others for every format.
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    ((index, content),) = case.files.items()
    file = tmp_path / index
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    sound = read_examples(name, tmp_path, **case.args)
    check_whole(sound)
    assert case.of_reading(sound) == case.count(content)
    read = 0
    for _ in range(COUNT):
        damaged = mutated(content, rng, is_json=file.suffix == ".json")
        file.write_bytes(damaged)
        started = time.process_time()
        try:
            reading = read_examples(name, tmp_path, **case.args)
        except CrosscalError as error:
            assert error.where
            assert error.remedy
            str(error).encode()
        else:
            read += 1
            check_whole(reading)
            assert case.of_reading(reading) == case.count(damaged), damaged
        assert time.process_time() - started < SLOW
    # Damage that is always, or never, noticed would test nothing.
    assert 0 < read < COUNT
