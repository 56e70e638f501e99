"""Prediction files: round trip, equal bytes, and every unreadable one."""

from __future__ import annotations

import json
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.exceptions import ArtifactError, DataError
from crosscal.predictions import Predictions, Provenance, read_predictions, write_predictions
from tests.windows import treat_files_as_windows

PROVENANCE = Provenance(
    study="s",
    recipe="direct",
    seed=1,
    task="xnli",
    family="classification",
    encoder="e",
    choices=("a", "b"),
    data={"test.tsv": "0" * 64},
    versions={"crosscal": "0.1"},
)


@pytest.fixture
def predictions():
    rng = np.random.default_rng(0)
    n = 50
    return Predictions.from_arrays(
        PROVENANCE,
        unit_ids=[f"u{i}" for i in range(n)],
        cluster_ids=[f"p{i // 3}" for i in range(n)],
        languages=["en", "de"] * (n // 2),
        splits=["test"] * n,
        scores=rng.normal(size=(n, 2)),
        gold=rng.integers(0, 2, n),
        extra={"answers": [[str(i)] for i in range(n)]},
    )


def test_round_trip_and_equal_bytes(tmp_path, predictions):
    first, second = tmp_path / "a.parquet", tmp_path / "b.parquet"
    write_predictions(predictions, first)
    again = read_predictions(first)
    assert again.provenance == PROVENANCE
    assert again.table.equals(predictions.table)
    write_predictions(again, second)
    assert first.read_bytes() == second.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.parquet", "b.parquet"]


def test_chunks_do_not_change_bytes(tmp_path, predictions):
    table = predictions.table
    pieces = pa.concat_tables([table.slice(0, 7), table.slice(7)])
    for name, content in (("a", table), ("b", pieces)):
        write_predictions(Predictions(PROVENANCE, content), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_ordinary_permissions(tmp_path, predictions):
    write_predictions(predictions, tmp_path / "a")
    (tmp_path / "b").touch()
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_on_windows_too(tmp_path, predictions, monkeypatch):
    treat_files_as_windows(monkeypatch)
    target = tmp_path / "a.parquet"
    for _ in range(2):  # the second replaces what was read
        write_predictions(predictions, target)
        assert read_predictions(target).table.equals(predictions.table)
    assert [p.name for p in tmp_path.iterdir()] == ["a.parquet"]


def test_failed_write_leaves_the_old_file(tmp_path, predictions, monkeypatch):
    target = tmp_path / "a.parquet"
    target.write_text("old")

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ArtifactError, match=r"No space left.*has space"):
        write_predictions(predictions, target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_missing_folder(tmp_path, predictions):
    with pytest.raises(ArtifactError, match="No such file"):
        write_predictions(predictions, tmp_path / "none" / "a.parquet")


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_predictions(tmp_path / "a.parquet")


@pytest.mark.parametrize("keep", [0, 4, 100, -1])
def test_truncated(tmp_path, predictions, keep):
    target = tmp_path / "a.parquet"
    write_predictions(predictions, target)
    target.write_bytes(target.read_bytes()[:keep])
    with pytest.raises(DataError, match="truncated or altered"):
        read_predictions(target)


def test_no_flipped_bit_is_read_as_another_value(tmp_path, predictions):
    path = tmp_path / "p.parquet"
    write_predictions(predictions, path)
    content = path.read_bytes()
    data = len(content) - 8 - int.from_bytes(content[-8:-4], "little")  # the footer comes behind
    whole = read_predictions(path).table
    refused = 0
    for place in range(4, data, 7):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            assert read_predictions(path).table.equals(whole), place
        except (DataError, ArtifactError):
            refused += 1
    assert refused > 0.8 * len(range(4, data, 7))  # headers of pages hold bits of no meaning


def test_not_parquet(tmp_path):
    target = tmp_path / "a.parquet"
    target.write_text("language\ten\n" * 50)
    with pytest.raises(DataError, match=r"a\.parquet: not a readable Parquet"):
        read_predictions(target)


def test_foreign_parquet(tmp_path):
    target = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": [1]}), target)
    with pytest.raises(DataError, match="without crosscal provenance"):
        read_predictions(target)


def test_harmless_storage_types_are_accepted(tmp_path, predictions):
    table = predictions.table
    for name, kind in (
        ("unit_id", pa.large_string()),
        ("language", pa.dictionary(pa.int32(), pa.string())),
        ("scores", pa.large_list(pa.float32())),
        ("gold", pa.int64()),
    ):
        index = table.column_names.index(name)
        table = table.set_column(index, name, table[name].cast(kind))
    metadata = {b"crosscal": PROVENANCE.to_json().encode()}
    pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "a")
    assert read_predictions(tmp_path / "a").table.equals(predictions.table)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "crosscal-predictions/2"}, "not of format"),
        ({"seed": "1"}, "'seed' has the wrong type"),
        ({"seed": True}, "'seed' has the wrong type"),
        ({"choices": "ab"}, "'choices' has the wrong type"),
        ({"data": {"a": 1}}, "'data' has the wrong type"),
        ({"study": None}, "'study' has the wrong type"),
        ({"colour": "red"}, "unknown provenance field 'colour'"),
    ],
)
def test_bad_provenance(change, message):
    document = json.loads(PROVENANCE.to_json()) | change
    with pytest.raises(DataError, match=message):
        Provenance.from_json(json.dumps(document))


def test_missing_provenance_field_and_bad_json():
    document = json.loads(PROVENANCE.to_json())
    del document["task"]
    with pytest.raises(DataError, match="missing provenance field 'task'"):
        Provenance.from_json(json.dumps(document))
    with pytest.raises(DataError, match="not JSON"):
        Provenance.from_json(b"\xff{")
