"""Format ``cosmosqa``: Cosmos QA as its authors publish it, or from the Hub.

Huang et al. (2019). ``{split}.csv`` (train, valid), ``{split}.jsonl`` (test) or Parquet with id,
context, question, answer0 to answer3, label. The test file has no labels. Questions about one
context depend on each other.
"""

from __future__ import annotations

from crosscal.data.choices.choices import ChoiceRow
from crosscal.data.choices.option_files import OptionFiles, answer_among, option_format
from crosscal.data.files.json_tree import Node
from crosscal.data.files.records import text, word
from crosscal.data.reader import Request

_NUMBERS = ("0", "1", "2", "3")
_ANSWERS = tuple(f"answer{number}" for number in _NUMBERS)


def _row(index: int, record: Node, request: Request) -> ChoiceRow:
    return ChoiceRow(
        index,
        record.location,
        text(record, "context"),
        text(record, "question"),
        tuple(text(record, name) for name in _ANSWERS),
        answer_among(record, "label", _NUMBERS),
        row_id=word(record, "id"),
    )


FORMAT = option_format(
    "cosmosqa",
    "Cosmos QA: {split}.csv, {split}.jsonl or {split}-*.parquet with id, context, question, "
    "answer0 to answer3, label",
    OptionFiles(
        names=("{split}.csv", "{split}.jsonl"),
        required=("id", "context", "question", *_ANSWERS),
        optional=("label",),
        row=_row,
    ),
)
