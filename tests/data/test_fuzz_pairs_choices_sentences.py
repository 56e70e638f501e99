"""Damaged files of the further pairs, of choices, sentences and running text.

An error must say where and what to do; a reading must be whole: examples and rows left out
together are as many as an independent count finds in the damaged files. ``CROSSCAL_FUZZ`` sets how
many files a format gets, divided among its forms.
"""

from __future__ import annotations

import os
import time
import zlib
from pathlib import Path

import numpy as np
import pytest

from crosscal.data import FORMATS, Dataset, read_examples
from crosscal.data.bitexts.sentences import SENTENCES
from crosscal.data.choices.choices import CHOICES
from crosscal.data.examples import ChoiceExample, PairExample, SentenceExample
from crosscal.data.texts.running_text import RUNNING_TEXT
from crosscal.exceptions import CrosscalError
from tests.data.fuzz_cases import CASES
from tests.data.mutation import COUNT, mutated

FEW = 60
SLOW = 5.0


def test_every_format_of_these_kinds_is_fuzzed():
    kinds = (CHOICES, SENTENCES, RUNNING_TEXT)
    assert {name for name, entry in FORMATS.items() if entry.schema in kinds} <= {
        case.format for case in CASES.values()
    }


def check_whole(reading: Dataset, labels: tuple[str, ...]) -> None:
    assert reading.examples
    units = {(e.language, e.unit_id): e for e in reading.examples}
    assert len(units) == len(reading.examples)
    for e in reading.examples:
        (e.unit_id + e.cluster_id).encode()
        if isinstance(e, PairExample):
            assert e.label in labels
            assert e.text_a.strip()
            assert e.text_b is None or e.text_b.strip()
            (e.text_a + (e.text_b or "")).encode()
        elif isinstance(e, ChoiceExample):
            assert len(e.options) >= 2
            assert 0 <= e.answer < len(e.options)
            assert all(option.strip() for option in e.options)
            assert (e.context + e.question).strip()
            "".join((e.context, e.question, *e.options)).encode()
        else:
            assert e.text.strip()
            e.text.encode()
        if isinstance(e, SentenceExample):
            for partner in e.partners:
                assert e.unit_id in units[e.language, partner].partners
                assert units[e.language, partner].cluster_id == e.cluster_id


def agrees(reading: Dataset, actual: int | range) -> bool:
    rows = len(reading.examples) + sum(reading.dropped.values())
    return rows in actual if isinstance(actual, range) else rows == actual


def how_many(format: str) -> int:
    if "CROSSCAL_FUZZ" not in os.environ:
        return FEW
    return -(-COUNT // sum(case.format == format for case in CASES.values()))


@pytest.mark.parametrize("name", CASES)
def test_damaged_files_give_an_error_or_a_whole_reading(name, tmp_path: Path):
    case = CASES[name]
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    for index, content in case.files.items():
        (tmp_path / index).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / index).write_bytes(content)
    sound = read_examples(case.format, tmp_path, **case.args)
    check_whole(sound, case.args["labels"])
    assert agrees(sound, case.count(case.files))
    read = 0
    count = how_many(case.format)
    for _ in range(count):
        index = sorted(case.files)[rng.integers(len(case.files))]
        damaged = mutated(case.files[index], rng, is_json=index.endswith(".json"))
        (tmp_path / index).write_bytes(damaged)
        started = time.process_time()
        try:
            reading = read_examples(case.format, tmp_path, **case.args)
        except CrosscalError as error:
            assert error.where
            assert error.remedy
            str(error).encode()
        else:
            read += 1
            check_whole(reading, case.args["labels"])
            assert agrees(reading, case.count(case.files | {index: damaged})), damaged
        assert time.process_time() - started < SLOW
        (tmp_path / index).write_bytes(case.files[index])
    # Damage that is never noticed would test nothing; a checksum may notice all of it.
    assert read < count
    assert read > 0 or index.endswith(".bz2")
