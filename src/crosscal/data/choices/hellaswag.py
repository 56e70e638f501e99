"""Format ``hellaswag``: HellaSwag as its authors publish it, as text, or from the Hub.

Zellers et al. (2019). ``hellaswag_{split}.jsonl`` (train, val, test) or Parquet with ctx, endings,
label, source_id; or text, six lines an item: activity and context with a colon between, the
number of the right ending, four endings. The context is what is read, the endings are the
options; the activity is not read. Items from one source (a video, an article) depend on each
other; the text does not name it.
"""

from __future__ import annotations

from pathlib import Path

from crosscal.data.choices.choices import ChoiceRow
from crosscal.data.choices.option_files import OptionFiles, answer_among, option_format
from crosscal.data.files.json_tree import Node
from crosscal.data.files.lines import read_lines
from crosscal.data.files.records import text, word
from crosscal.data.reader import Request
from crosscal.exceptions import DataError

_NUMBERS = ("0", "1", "2", "3")
_LINES = 2 + len(_NUMBERS)


def _row(index: int, record: Node, request: Request) -> ChoiceRow:
    source = word(record, "source_id")
    endings = tuple(ending.text() for ending in record.key("endings").items())
    if len(endings) != len(_NUMBERS):
        raise record.fault(
            f"{len(endings)} endings instead of {len(_NUMBERS)}", "Fetch the file again"
        )
    return ChoiceRow(
        index,
        record.location,
        text(record, "ctx"),
        "",
        endings,
        answer_among(record, "label", _NUMBERS),
        cluster=f"{request.prefix}-source-{source}" if source else None,
    )


def _text_rows(file: Path) -> list[ChoiceRow] | None:
    if ".txt" not in file.suffixes:
        return None
    rows: list[ChoiceRow] = []
    item: list[str] = []
    number = 0
    for number, line in read_lines(file):
        item.append(line)
        if len(item) < _LINES:
            continue
        first = number - _LINES + 1
        (head, label), endings = item[:2], tuple(item[2:])
        activity, colon, context = head.partition(": ")
        if not colon or not activity:
            raise DataError(
                "no ': ' between activity and context",
                where=f"{file}:{first}",
                remedy=f"An item has {_LINES} lines; one may be missing or added above",
            )
        if label not in _NUMBERS:
            raise DataError(
                "the line after the context is not the number of an ending, 0 to 3",
                where=f"{file}:{first + 1}",
                remedy=f"An item has {_LINES} lines; one may be missing or added above",
            )
        rows.append(ChoiceRow(len(rows), first, context, "", endings, int(label)))
        item = []
    if item:
        raise DataError(
            f"the last item has {len(item)} of {_LINES} lines",
            where=f"{file}:{number - len(item) + 1}",
            remedy="The file was cut; fetch it again",
        )
    return rows


FORMAT = option_format(
    "hellaswag",
    "HellaSwag: hellaswag_{split}.jsonl or {split}-*.parquet with ctx, endings, label; or text of "
    "six lines an item, .bz2 allowed",
    OptionFiles(
        names=(
            "hellaswag_{split}.jsonl",
            "hellaswag_{split}_full.txt",
            "hellaswag_{split}_full.txt.bz2",
        ),
        required=("ctx", "endings"),
        optional=("label", "source_id"),
        row=_row,
        other_form=_text_rows,
    ),
)
