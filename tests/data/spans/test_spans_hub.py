"""Questions from the Hub."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.data import read_examples
from crosscal.data.examples import Answer
from crosscal.exceptions import DataError
from tests.data.spans.samples import CONTEXTS


def parquet(path, identities, codes, answers=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    if answers is None:
        actual = [(CONTEXTS[code][1], CONTEXTS[code][0].index(CONTEXTS[code][1])) for code in codes]
        answers = [{"text": [text], "answer_start": [start]} for text, start in actual]
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
