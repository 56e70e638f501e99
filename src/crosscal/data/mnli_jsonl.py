"""Format ``mnli-jsonl``: MultiNLI 1.0 as its authors publish it, one JSON object per line.

``multinli_1.0_{split}.jsonl`` with gold_label, sentence1, sentence2, promptID; SNLI's files
have the same form without promptID.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crosscal.data.layout import in_folder
from crosscal.data.lines import read_lines
from crosscal.data.mnli_rows import Record, mnli_raw
from crosscal.data.pairs import PAIRS
from crosscal.data.reading import Format, Raw, Request
from crosscal.errors import DataError
from crosscal.spelling import did_you_mean


def _read(request: Request) -> Raw:
    assert request.path is not None
    file = request.path
    if file.is_dir() and request.split is not None:
        file = in_folder(file, "multinli_1.0_{split}.jsonl", split=request.split)
    return mnli_raw(_records(file), file, request)


def _records(file: Path) -> Iterator[Record]:
    for number, line in read_lines(file):
        where = f"{file}:{number}"
        record = _object(line, where)
        prompt = record.get("promptID", "")
        yield (
            number,
            _text(record, "sentence1", where),
            _text(record, "sentence2", where),
            _text(record, "gold_label", where),
            str(prompt),
        )


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"this line is no JSON ({error})",
            where=where,
            remedy="Each line needs one whole JSON object; fetch the file again",
        ) from error
    if not isinstance(record, dict):
        raise DataError(
            "this line is no JSON object",
            where=where,
            remedy="Each line needs one JSON object with sentence1, sentence2, gold_label",
        )
    return record


def _text(record: dict[str, Any], key: str, where: str) -> str:
    value = record.get(key)
    if isinstance(value, str):
        return value
    if key in record:
        raise DataError(f"'{key}' is no text", where=where, remedy="Write it as a string in quotes")
    raise DataError(
        f"the object has no key '{key}'", where=where, remedy=did_you_mean(key, list(record)[:24])
    )


FORMAT = Format(
    kind=PAIRS,
    name="mnli-jsonl",
    description="MultiNLI 1.0: multinli_1.0_{split}.jsonl with gold_label, sentence1, "
    "sentence2; rows labelled '-' are dropped",
    read=_read,
)
