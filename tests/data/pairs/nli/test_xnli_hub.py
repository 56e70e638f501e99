"""XNLI from the Hub."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError
from tests.data.conftest import NLI
from tests.data.pairs.samples import hub, rows


def test_hub_folders_and_the_hub_name_of_dev(tmp_path):
    for language in ("en", "ur"):
        hub(tmp_path / language / "validation-00000-of-00001.parquet", language)
    reading = read_examples("xnli-hub", tmp_path, split="dev", languages=("ur", "en"), labels=NLI)
    assert [(e.text_a, e.text_b, e.label) for e in reading.examples] == rows("ur") + rows("en")
    assert len({e.cluster_id for e in reading.examples}) == 2
    assert reading.examples[0].unit_id == "dev-00000"


def test_hub_folder_of_all_languages(tmp_path):
    languages = ("ar", "en", "th")
    premise = [{code: rows(code)[i][0] for code in languages} for i in range(6)]
    hypothesis = [
        {"language": list(languages), "translation": [rows(code)[i][1] for code in languages]}
        for i in range(6)
    ]
    label = [NLI.index(row[2]) for row in rows("en")]
    folder = tmp_path / "all_languages"
    folder.mkdir()
    table = pa.table({"premise": premise, "hypothesis": hypothesis, "label": label})
    pq.write_table(table, folder / "test-00000-of-00001.parquet")
    reading = read_examples("xnli-hub", tmp_path, split="test", languages=("th", "en"), labels=NLI)
    assert [(e.text_a, e.text_b, e.label) for e in reading.examples] == rows("th") + rows("en")
    with pytest.raises(DataError, match="no text in language 'sw'"):
        read_examples("xnli-hub", tmp_path, split="test", languages=("sw",), labels=NLI)


def test_hub_shards_are_read_whole_and_in_order(tmp_path):
    table = rows("en", 12)
    for i in range(2):
        name = f"train-{i:05d}-of-00002.parquet"
        hub(tmp_path / "en" / name, "en", table[6 * i : 6 * i + 6])
    reading = read_examples("xnli-hub", tmp_path, split="train", labels=NLI)
    assert [(e.text_a, e.text_b, e.label) for e in reading.examples] == table
    (tmp_path / "en" / "train-00000-of-00002.parquet").unlink()
    with pytest.raises(DataError, match="1 files, but there should be 2"):
        read_examples("xnli-hub", tmp_path, split="train", labels=NLI)


def test_hub_refuses_what_is_broken(tmp_path):
    file = tmp_path / "en" / "test-00000-of-00001.parquet"
    hub(file, "en")
    whole = file.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:-1], b"PAR1", b"", whole[10:]):
        file.write_bytes(damaged)
        with pytest.raises(DataError, match="no whole Parquet file"):
            read_examples("xnli-hub", tmp_path, split="test", labels=NLI)
    with pytest.raises(DataError, match="no split 'tset'"):
        read_examples("xnli-hub", tmp_path, split="tset", labels=NLI)
    with pytest.raises(DataError, match="no folder for language 'sw'"):
        read_examples("xnli-hub", tmp_path, split="test", languages=("sw",), labels=NLI)


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        ({"premise": ["a"], "hypothesis": ["b"]}, "no column 'label'"),
        ({"premise": ["a"], "hypothesis": ["b"], "label": [3]}, "unknown label 3"),
        ({"premise": ["a"], "hypothesis": ["b"], "label": [-1]}, "has no label"),
        ({"premise": ["a"], "hypothesis": [None], "label": [1]}, "no value"),
        ({"premise": ["a"], "hypothesis": [b"\xff"], "label": [1]}, "no text, but bytes"),
        ({"premise": ["a"], "hypothesis": ["b"], "label": ["0"]}, "no whole numbers, but str"),
        ({"premise": ["a\0"], "hypothesis": ["b"], "label": [0]}, "NUL"),
        ({"premise": [], "hypothesis": [], "label": []}, "no rows"),
    ],
)
def test_hub_refuses_columns_of_another_kind(tmp_path, columns, what):
    (tmp_path / "en").mkdir()
    pq.write_table(pa.table(columns), tmp_path / "en" / "train-00000-of-00001.parquet")
    with pytest.raises(DataError, match=what):
        read_examples("xnli-hub", tmp_path, split="train", labels=NLI)


def test_text_that_is_no_utf8_inside_parquet_is_refused(tmp_path):
    (tmp_path / "en").mkdir()
    bad = pa.StringArray.from_buffers(
        1, pa.array([0, 1], pa.int32()).buffers()[1], pa.py_buffer(b"\xff")
    )
    table = pa.table({"premise": ["a"], "hypothesis": bad, "label": [0]})
    pq.write_table(table, tmp_path / "en" / "train.parquet")
    with pytest.raises(DataError, match="UTF-?8"):
        read_examples("xnli-hub", tmp_path, split="train", labels=NLI)
