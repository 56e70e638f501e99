"""Format ``mnli-jsonl``: MultiNLI 1.0 as its authors publish it, one JSON object per line.

``multinli_1.0_{split}.jsonl`` with gold_label, sentence1, sentence2, promptID; SNLI's files
have the same form without promptID.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from crosscal.data.files.json_lines import json_lines
from crosscal.data.files.layout import in_folder
from crosscal.data.files.records import text, word
from crosscal.data.pairs.nli.mnli_rows import Record, mnli_files
from crosscal.data.pairs.pairs import PAIRS
from crosscal.data.reader import Format, ParsedFiles, Request

_KEYS = ("sentence1", "sentence2", "gold_label")


def _read(request: Request) -> ParsedFiles:
    assert request.path is not None
    file = request.path
    if file.is_dir() and request.split is not None:
        file = in_folder(file, "multinli_1.0_{split}.jsonl", split=request.split)
    return mnli_files(_records(file), file, request)


def _records(file: Path) -> Iterator[Record]:
    for record in json_lines(file):
        text_a, text_b, label = (text(record, name) for name in _KEYS)
        yield record.place, text_a, text_b, label, word(record, "promptID") or ""


FORMAT = Format(
    schema=PAIRS,
    name="mnli-jsonl",
    description="MultiNLI 1.0: multinli_1.0_{split}.jsonl with gold_label, sentence1, "
    "sentence2; rows labelled '-' are dropped",
    read=_read,
)
