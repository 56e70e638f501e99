"""Files that would fill memory or disk, be waited for, or lead out of themselves."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import threading
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.exceptions import DataError
from crosscal.predictions.external.columns import ColumnOptions
from crosscal.predictions.external.reader import read_external
from crosscal.predictions.external.sources import plain_files

ROWS = "p0,p1,label,lang\n" + "".join(f"0.{i},{1 - i / 10:.1f},{i % 2},en\n" for i in range(1, 9))


def read(path):
    return read_external(str(path), ColumnOptions())


def put(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(plain_files, "LARGE", 1 << 22)
    bomb = gzip.compress(ROWS.encode() + b"0.5,0.5,1,en\n" * 2_000_000)
    with pytest.raises(DataError, match="unpacks to more than 100 times"):
        read(put(tmp_path / "a.csv.gz", bomb))
    assert len(read(put(tmp_path / "b.csv.gz", gzip.compress(ROWS.encode())))) == 8


def test_arrays_that_unpack_to_gigabytes(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, shape in (("probs", "(60000000, 2)"), ("label", "(60000000,)")):
            head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117)
            header = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + head.encode() + b"\n"
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                stream.write(header)
                for _ in range(300):
                    stream.write(bytes(1 << 20))
    with pytest.raises(DataError, match="unpacks to more than 100 times"):
        read(tmp_path / "a.npz")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_that_nobody_writes_to(tmp_path, monkeypatch):
    monkeypatch.setattr(plain_files, "_PATIENCE", 0.2)
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(DataError, match="nobody has written"):
        read(tmp_path / "a.csv")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_that_somebody_writes_to_late(tmp_path):
    os.mkfifo(tmp_path / "a.csv")
    writing = threading.Timer(0.3, put, [tmp_path / "a.csv", ROWS])
    writing.start()
    assert len(read(tmp_path / "a.csv")) == 8
    writing.join()


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/etc", "a" * 300 + ".csv", "a\0.csv"])
def test_what_is_no_file(path):
    with pytest.raises(DataError):
        read(path)


def test_links_in_a_circle(tmp_path):
    (tmp_path / "a.csv").symlink_to("a.csv")
    with pytest.raises(DataError, match=r"a\.csv"):
        read(tmp_path / "a.csv")


def test_zero_bytes_are_no_text(tmp_path):
    with pytest.raises(DataError, match="NUL") as caught:
        read(put(tmp_path / "a.csv", ROWS.replace("en", "e\0n", 1)))
    assert str(caught.value.where).endswith("a.csv:2")


def test_keys_twice(tmp_path):
    line = '{"probs": [0.4, 0.6], "label": 1, "lang": "en"}\n'
    twice = line.replace("}", ', "label": 0}')
    for name, content in (("a.jsonl", line + twice), ("a.json", f"[{line}, {twice}]")):
        with pytest.raises(DataError, match="names 'label' twice"):
            read(put(tmp_path / name, content))


def test_arrays_with_paths_for_names_or_the_same_twice(tmp_path):
    array = io.BytesIO()
    np.save(array, np.arange(3))
    for names in (["/etc/label", "../../probs"], ["label.npy", "label.npy"]):
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
            for name in names:
                with pytest.warns() if name in archive.namelist() else _nothing():
                    archive.writestr(name, array.getvalue())
        with pytest.raises(DataError):
            read(tmp_path / "a.npz")


class _nothing:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


def arrow(table):
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


@pytest.mark.parametrize("value", [-1_000_000, 2_000_000_000])
def test_offsets_that_lead_elsewhere(tmp_path, value):
    rows = 50
    table = pa.table({"probs": [[0.25, 0.75]] * rows, "label": [0, 1] * (rows // 2)})
    old = np.arange(rows + 1, dtype=np.int32) * 2
    new = old.copy()
    new[7] = value
    content = arrow(table)
    assert content.count(old.tobytes()) == 1
    with pytest.raises(DataError, match="not a readable Arrow file"):
        read(put(tmp_path / "a.arrow", content.replace(old.tobytes(), new.tobytes())))


def test_rows_that_the_footer_does_not_know_of(tmp_path):
    table = pa.table({"probs": [[0.25, 0.75]] * 300, "label": [0, 1] * 150})
    pq.write_table(table, tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    length = int.from_bytes(content[-8:-4], "little")
    footer = content[-8 - length : -8].replace(b"\xd8\x04", b"\xd6\x04", 1)  # 300 becomes 299
    put(tmp_path / "a.parquet", content[: -8 - length] + footer + content[-8:])
    with pytest.raises(DataError, match="but its footer says 299"):
        read(tmp_path / "a.parquet")


def test_no_pickle_is_loaded(tmp_path):
    class Payload:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    for name in ("a.npy", "a.npz", "a.csv", "a.parquet"):
        with pytest.raises(DataError):
            read(put(tmp_path / name, pickle.dumps(Payload())))
    assert not (tmp_path / "ran").exists()
