"""Format ``copa``: COPA and its translations XCOPA, as published or from the Hub.

Roemmele, Bejan and Gordon (2011); Ponti et al. (2020). ``{split}.{language}.jsonl`` (val, test;
English also train) or ``{split}-{language}.jsonl``, in one folder or one a language, and
``{split}.jsonl`` (English, as SuperGLUE has it); or Parquet in a folder a language. Keys: premise,
choice1, choice2, question (cause or effect), label (0, 1), idx. Languages list the same items.

The question is put in words, in English for every language: they were written in English only.
In the published Thai files and the Turkish validation file every question says ``effect``, which
is wrong for half of them; it is read as it stands.
"""

from __future__ import annotations

from crosscal.data.choices.choices import ChoiceRow
from crosscal.data.choices.option_files import OptionFiles, answer_among, option_format
from crosscal.data.files.json_tree import Node
from crosscal.data.files.records import text, word
from crosscal.data.reader import Request
from crosscal.data.text import shown
from crosscal.spelling import did_you_mean

QUESTIONS = {"cause": "What was the cause?", "effect": "What happened as a result?"}


def _row(index: int, record: Node, request: Request) -> ChoiceRow:
    question = text(record, "question")
    if question not in QUESTIONS:
        raise record.fault(
            f"unknown question '{shown(question)}'", did_you_mean(question, QUESTIONS)
        )
    return ChoiceRow(
        index,
        record.location,
        text(record, "premise"),
        QUESTIONS[question],
        (text(record, "choice1"), text(record, "choice2")),
        answer_among(record, "label", ("0", "1")),
        row_id=word(record, "idx"),
    )


FORMAT = option_format(
    "copa",
    "COPA and XCOPA: {split}.{language}.jsonl or {split}-{language}.jsonl with premise, choice1, "
    "choice2, question, label, or {language}/{split}-*.parquet",
    OptionFiles(
        names=(
            "{split}.{language}.jsonl",
            "{split}-{language}.jsonl",
            "{language}/{split}.{language}.jsonl",
            "{language}/{split}.jsonl",
            "{split}.jsonl",
        ),
        required=("premise", "choice1", "choice2", "question"),
        optional=("label", "idx"),
        row=_row,
        languages=(),
    ),
)
