"""TyDiQA-GoldP."""

from __future__ import annotations

from collections import Counter

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError
from tests.data.spans.samples import CONTEXTS, actual, of, plainly, question, squad


def tydiqa(*languages):
    paragraphs = []
    for number, (name, code) in enumerate(languages):
        context, answer = CONTEXTS[code]
        args = question(f"{name}-{number}-0", answer, context.index(answer))
        paragraphs.append((context, [args]))
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


def test_real_tydiqa(real_data):
    folder = real_data / "tydiqa"
    train = read_examples("tydiqa-goldp", folder, split="train", languages=("en", "sw")).examples
    assert Counter(e.language for e in train) == {"en": 3696, "sw": 2755}
    for language in ("en", "sw"):
        file = folder / "tydiqa-goldp-v1.1-train" / f"tydiqa.goldp.{language}.train.json"
        assert actual([e for e in train if e.language == language]) == plainly(file)
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
