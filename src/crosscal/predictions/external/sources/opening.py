"""Which source reads a file: by its ending, or by how it begins."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from crosscal.exceptions import DataError
from crosscal.predictions.external.sources.arrays import ArraysInMemory, NpySource, NpzSource
from crosscal.predictions.external.sources.csv_source import CsvSource
from crosscal.predictions.external.sources.harness import only_samples
from crosscal.predictions.external.sources.json_source import JsonSource
from crosscal.predictions.external.sources.plain_files import PlainFile, in_utf8, open_plain
from crosscal.predictions.external.sources.table_source import (
    FeatherSource,
    ParquetSource,
    TableInMemory,
    TableSource,
)

_BY_ENDING: dict[str, Callable[[PlainFile], TableSource]] = {
    ".parquet": ParquetSource,
    ".pq": ParquetSource,
    ".arrow": FeatherSource,
    ".feather": FeatherSource,
    ".ipc": FeatherSource,
    ".csv": CsvSource,
    ".tsv": CsvSource,
    ".tab": CsvSource,
    ".txt": CsvSource,
    ".jsonl": JsonSource,
    ".ndjson": JsonSource,
    ".json": JsonSource,
    ".npz": NpzSource,
    ".npy": NpySource,
}
_TEXT = (CsvSource, JsonSource)
_COMPRESSED = (".gz", ".zst", ".zstd", ".bz2")
_SHEETS = (".xlsx", ".xls", ".ods")
_BY_START: dict[bytes, Callable[[PlainFile], TableSource]] = {
    b"PAR1": ParquetSource,
    b"ARROW1": FeatherSource,
    b"PK\x03\x04": NpzSource,
    b"\x93NUMPY": NpySource,
}


def open_source(
    origin: Any, *, per_character: bool = False, encoding: str | None = None
) -> TableSource:
    """Open a file, standard input (``-``), or a table in memory."""
    if isinstance(origin, str | Path):
        return _open_file(open_plain(str(origin)), per_character, encoding)
    if per_character:
        raise only_samples("table")
    if hasattr(origin, "lazy") and hasattr(origin, "collect"):  # a query of polars
        origin = origin.collect()
    if isinstance(origin, Mapping):
        return ArraysInMemory(origin)
    is_series = hasattr(origin, "iloc") and not hasattr(origin, "columns")
    if not is_series and (hasattr(origin, "__arrow_c_stream__") or hasattr(origin, "iloc")):
        return TableInMemory(origin)
    raise DataError(
        f"no predictions can be read from {type(origin).__name__}",
        where="table",
        remedy="Give a path, a table of pandas, polars or Arrow, or a dictionary of arrays, as "
        '{"probs": probs, "label": label}',
    )


def _open_file(file: PlainFile, per_character: bool, encoding: str | None) -> TableSource:
    make = _BY_ENDING.get(file.suffix)
    known = [make for mark, make in _BY_START.items() if file.start.startswith(mark)]
    if known and make in _TEXT:
        raise DataError(
            f"named {file.suffix}, but it begins as no text does",
            where=file.name,
            remedy="Give it the ending of what it is, as .parquet, .feather, .npz or .npy; save a "
            "sheet of Excel as CSV",
        )
    if file.suffix in _COMPRESSED:
        raise DataError(
            f"named {file.suffix}, but it does not begin as a compressed file does",
            where=file.name,
            remedy=f"Take the ending {file.suffix} off, or look whether it was copied whole",
        )
    if make is None and not file.suffix and known:
        make = known[0]
    is_text = make in (None, *_TEXT)
    if make is None and file.suffix:
        sheet = "Save the sheet as CSV" if file.suffix in _SHEETS else ""
        raise DataError(
            f"unknown kind of file '{file.suffix}'",
            where=file.name,
            remedy=sheet
            or f"Give a file that ends in one of {', '.join(_BY_ENDING)}, or in these with .gz, "
            ".zst or .bz2",
        )
    if is_text:
        file = in_utf8(file, encoding)
    if make is None:
        begins = file.start.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
        make = JsonSource if begins in (b"{", b"[") else CsvSource
    if make is JsonSource:
        return JsonSource(file, per_character=per_character)
    if per_character:
        raise only_samples(file.name)
    return make(file)
