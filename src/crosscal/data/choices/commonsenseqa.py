"""Format ``commonsenseqa``: CommonsenseQA as its authors publish it, flattened, or from the Hub.

Talmor et al. (2019). ``{split}_rand_split.jsonl`` with id, answerKey and question, an object with
stem, question_concept and choices (a list of label and text); or with these beside id, and
choices as two lists, as in the Parquet files. The test file has no answers. Questions written
for one concept depend on each other.
"""

from __future__ import annotations

from dataclasses import replace

from crosscal.data.choices.choices import ChoiceRow
from crosscal.data.choices.option_files import OptionFiles, answer_among, option_format
from crosscal.data.files.json_tree import Node
from crosscal.data.files.records import text, word
from crosscal.data.reader import Request


def _row(index: int, record: Node, request: Request) -> ChoiceRow:
    question = record.key("question")
    nested = isinstance(question.value, dict)
    # Places inside the question would hide the line from messages.
    holder = replace(question, location=record.location) if nested else record
    names, texts = _choices(holder.key("choices"))
    concept = word(holder, "question_concept")
    return ChoiceRow(
        index,
        record.location,
        "",
        text(holder, "stem" if nested else "question"),
        texts,
        answer_among(record, "answerKey", names),
        cluster=f"{request.prefix}-concept-{concept}" if concept else None,
        row_id=word(record, "id"),
    )


def _choices(choices: Node) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if isinstance(choices.value, list):
        pairs = [(item.key("label").text(), item.key("text").text()) for item in choices.items()]
        names, texts = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    else:
        names = [item.text() for item in choices.key("label").items()]
        texts = [item.text() for item in choices.key("text").items()]
    if len(names) != len(texts) or len(set(names)) < len(names):
        raise choices.fault(
            f"{len(texts)} choices with {len(set(names))} different labels",
            "Give each choice its own label",
        )
    return tuple(names), tuple(texts)


FORMAT = option_format(
    "commonsenseqa",
    "CommonsenseQA: {split}_rand_split.jsonl with id, question, choices, answerKey, nested or "
    "flat, or {split}-*.parquet",
    OptionFiles(
        names=(
            "{split}_rand_split.jsonl",
            "{split}_rand_split_no_answers.jsonl",
            "{split}.jsonl",
        ),
        required=("id", "question"),
        optional=("choices", "answerKey", "question_concept"),
        row=_row,
    ),
)
