"""Format ``siqa``: Social IQa as its authors publish it, as XTREME-R has it, or from the Hub.

Sap et al. (2019). ``{split}.jsonl`` with context, question, answerA, answerB, answerC, and the
numbers of the right answers (1, 2, 3) in ``{split}-labels.lst``, line by line;
``socialIQa_v1.4_{split}.jsonl`` (trn, dev, tst), the same with ``correct`` (A, B, C); or Parquet
with label (1, 2, 3).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from crosscal.data.choices.choices import ChoiceRow
from crosscal.data.choices.option_files import OptionFiles, answer_among, option_format
from crosscal.data.files.json_tree import Node
from crosscal.data.files.layout import is_folder
from crosscal.data.files.lines import read_lines
from crosscal.data.files.records import text
from crosscal.data.reader import ParsedFiles, Request
from crosscal.data.text import shown
from crosscal.exceptions import DataError

_LETTERS = ("A", "B", "C")
_NUMBERS = ("1", "2", "3")
_ANSWERS = tuple(f"answer{letter}" for letter in _LETTERS)


def _row(index: int, record: Node, request: Request) -> ChoiceRow:
    answer = answer_among(record, "correct", _LETTERS)
    return ChoiceRow(
        index,
        record.location,
        text(record, "context"),
        text(record, "question"),
        tuple(text(record, name) for name in _ANSWERS),
        answer_among(record, "label", _NUMBERS) if answer is None else answer,
    )


def _with_listed(parsed: ParsedFiles) -> ParsedFiles:
    (part,) = parsed.parts
    labels = part.file.with_name(f"{part.file.stem}-labels.lst")
    if any(row.answer is not None for row in part.rows) or not is_folder(labels.parent):
        return parsed
    if not labels.exists():
        return parsed
    answers = _listed(labels)
    if len(answers) != len(part.rows):
        raise DataError(
            f"{len(answers)} labels, but {len(part.rows)} questions in {part.file.name}",
            where=str(labels),
            remedy="Fetch both again; line i of one belongs to line i of the other",
        )
    rows = [replace(row, answer=answer) for row, answer in zip(part.rows, answers, strict=True)]
    return replace(parsed, parts=[replace(part, rows=rows)], files=(*parsed.files, labels))


def _listed(file: Path) -> list[int]:
    answers = []
    for number, line in read_lines(file):
        if line not in _NUMBERS:
            raise DataError(
                f"'{shown(line)}' is no number of an answer",
                where=f"{file}:{number}",
                remedy="Each line holds 1, 2 or 3",
            )
        answers.append(int(line) - 1)
    return answers


FORMAT = option_format(
    "siqa",
    "Social IQa: {split}.jsonl with {split}-labels.lst, socialIQa_v1.4_{split}.jsonl with "
    "'correct', or {split}-*.parquet",
    OptionFiles(
        names=("{split}.jsonl", "socialIQa_v1.4_{split}.jsonl"),
        required=("context", "question", *_ANSWERS),
        optional=("correct", "label"),
        row=_row,
        finish=_with_listed,
    ),
)
