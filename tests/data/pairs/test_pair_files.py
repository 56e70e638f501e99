"""What the declared sets of pairs share, and the published files."""

from __future__ import annotations

import json
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError
from tests.data.conftest import NLI


@pytest.mark.parametrize(
    ("format", "name", "texts", "language"),
    [
        ("klue-nli", "validation", ("premise", "hypothesis"), "ko"),
        ("kornli", "validation", ("premise", "hypothesis"), "ko"),
        ("ocnli", "validation", ("sentence1", "sentence2"), "zh"),
        ("snli", "validation", ("premise", "hypothesis"), "en"),
        ("anli", "dev_r1", ("premise", "hypothesis"), "en"),
        ("mnli-glue", "validation_matched", ("premise", "hypothesis"), "en"),
        ("xnli-hub", "en/validation", ("premise", "hypothesis"), "en"),
    ],
)
def test_a_file_that_names_its_label_numbers_is_believed(tmp_path, format, name, texts, language):
    # As klue/nli had them in 2021: not the order of other sets, and not that of today.
    names = ["entailment", "contradiction", "neutral"]
    feature = {"names": names, "_type": "ClassLabel"}
    metadata = {"huggingface": json.dumps({"info": {"features": {"label": feature}}})}
    table = pa.table(
        {
            "guid": ["a", "b", "c"],
            "uid": ["a", "b", "c"],
            texts[0]: ["p", "p", "p"],
            texts[1]: ["1", "2", "3"],
            "label": [0, 1, 2],
        }
    )
    file = tmp_path / f"{name}-00000-of-00001.parquet"
    file.parent.mkdir(exist_ok=True)
    pq.write_table(table.replace_schema_metadata(metadata), file)
    split = name.removeprefix("en/").replace("validation", "dev")
    reading = read_examples(format, tmp_path, split=split, languages=(language,), labels=NLI)
    assert [e.label for e in reading.examples] == names


@pytest.mark.parametrize(
    ("format", "folder", "split", "language", "count", "dropped"),
    [
        ("kornli", "korxnli", "dev", "ko", 2490, 0),
        ("kornli", "korxnli", "test", "ko", 5010, 0),
        ("klue-nli", "klue_nli/klue-nli-v1.1", "dev", "ko", 3000, 0),
        ("ocnli", "ocnli", "dev", "zh", 2950, 50),
        ("ocnli", "ocnli/train.10k.json", "train", "zh", 9985, 15),
        ("jampatoisnli", "jampatoisnli/patoisnli", "train", "jam", 250, 0),
        ("jampatoisnli", "jampatoisnli/patoisnli", "dev", "jam", 200, 0),
        ("jampatoisnli", "jampatoisnli/patoisnli", "test", "jam", 200, 0),
        ("jampatoisnli", "jampatoisnli/patoisnli", "transition", "jam", 30, 0),
        ("sick-nl", "sick_nl/sick_nl", "train", "en", 4439, 0),
        ("sick-nl", "sick_nl/sick_nl", "dev", "nl", 495, 0),
        ("sick-nl", "sick_nl/sick_nl", "test", "nl", 4906, 0),
        ("mnli-ptb", "mnli_nyu_hw2/snli_val.tsv", "dev", "en", 1000, 0),
    ],
)
def test_real_counts(real_data, format, folder, split, language, count, dropped):
    reading = read_examples(
        format, real_data / folder, split=split, languages=(language,), labels=NLI
    )
    assert len(reading.examples) == count
    assert sum(reading.dropped.values()) == dropped
    assert set(Counter(e.label for e in reading.examples)) == set(NLI)


def test_real_test_sets_without_labels(real_data):
    with pytest.raises(DataError, match="no key 'label'"):
        read_examples("ocnli", real_data / "ocnli", split="test", languages=("zh",), labels=NLI)
    reading = read_examples(
        "ocnli",
        real_data / "ocnli",
        split="test",
        languages=("zh",),
        labels=NLI,
        require_labels=False,
    )
    assert {e.label for e in reading.examples} == {None}
    assert len(reading.examples) == 3000
