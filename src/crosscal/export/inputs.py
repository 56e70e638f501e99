"""Rows of anyone's table file as examples without labels, by the family of the model."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from crosscal.data.examples import (
    ChoiceExample,
    Example,
    PairExample,
    SentenceExample,
    SpanExample,
    TagExample,
)
from crosscal.data.files.json_lines import json_lines
from crosscal.data.files.json_tree import Node, read_json
from crosscal.data.files.lines import encoding_notes, opening, read_lines, reading_as
from crosscal.data.files.parquet import is_table
from crosscal.data.files.quoted import quoted_rows
from crosscal.data.files.records import read_records, text
from crosscal.data.text import text_problems
from crosscal.exceptions import DataError, SettingsError

# Names under which texts are found without being told, in the order of their roles.
_USUAL: dict[str, tuple[tuple[str, ...], ...]] = {
    "classification": (
        ("text_a", "text_b"),
        ("premise", "hypothesis"),
        ("sentence1", "sentence2"),
        ("sentence_1", "sentence_2"),
        ("text", "text_pair"),
        ("question", "sentence"),
        ("text1", "text2"),
    ),
    "span": (("question", "context"),),
    "tagging": (("words",), ("tokens",), ("text",), ("sentence",)),
    "multiple choice": (("context", "question"), ("premise", "question")),
}
_OPTION_LISTS = ("options", "choices", "endings")
_OPTION_COLUMN = re.compile(r"(?:option|choice|ending|answer)_?(?:\d+|[a-e])", re.IGNORECASE)
_LANGUAGES = ("language", "lang")


@dataclass(frozen=True, kw_only=True)
class NewTexts:
    """Examples of a file, its columns as they were, and what was understood of it."""

    examples: list[Example]
    columns: dict[str, list[Any]]
    notes: tuple[str, ...]


def read_texts(
    file: Path, family: str, columns: Sequence[str] = (), *, encoding: str | None = None
) -> NewTexts:
    """Read CSV, TSV, JSON lines, JSON or Parquet, a row an example, or ``.txt``, a line a text.

    Parameters
    ----------
    family : str
        What the model takes: pairs (or single texts), words, questions with a context or options.
    columns : sequence of str
        Where the texts are, in the order of their roles: first and second text; words; question
        and context; context, question and options (one list or several columns). Empty: by the
        usual names, if exactly one choice fits.
    encoding : str, optional
        Of a text file, as Python names it; by default the one that it shows.

    Raises
    ------
    DataError
        For a malformed file or an empty text, with file and line.
    SettingsError
        If columns are missing or their names leave open which are meant.
    """
    with reading_as(encoding):
        header, records = _records(file)
        said = () if is_table(file) else tuple(encoding_notes([file]))
    unknown = [name for name in columns if name not in header]
    if unknown:
        raise _ask(file, header, family, f"the file has no column '{unknown[0]}'")
    names = tuple(columns) or _found(file, header, family)
    make = _makers(family, names)
    language = next((name for name in _LANGUAGES if name in header), None)
    examples = []
    for number, record in enumerate(records):
        code = str(record.value.get(language) or "") if language else ""
        examples.append(make(f"{number:09d}", code, record))
    values = {name: [record.value.get(name) for record in records] for name in header}
    return NewTexts(
        examples=examples,
        columns=values,
        notes=(*said, f"{file}: {len(records):,} rows; texts in {', '.join(names)}"),
    )


def _records(file: Path) -> tuple[list[str], list[Node]]:
    if file.suffix == ".txt":
        lines = [Node(file, str(number), {"text": line}) for number, line in read_lines(file)]
        return ["text"], lines
    header = _header(file)
    return header, list(read_records(file, header))


def _header(file: Path) -> list[str]:
    kind = (file.with_suffix("") if file.suffix == ".bz2" else file).suffix
    if kind == ".parquet":
        with opening(file):
            try:
                return list(pq.read_schema(file).names)
            except ValueError:
                return []  # `read_records` says what is wrong
    if kind in (".jsonl", ".json"):
        first = next(read_lines(file))[1].lstrip()
        rows = read_json(file).items() if first.startswith("[") else json_lines(file)
        value = next(iter(rows), None)
        return list(value.value) if value is not None and isinstance(value.value, dict) else []
    if kind == ".csv":
        return [name.strip() for name in next(quoted_rows(file))[1]]
    if kind != ".tsv":
        raise DataError(
            f"files of this kind ('{kind}') are not read",
            where=str(file),
            remedy="Give .csv, .tsv, .jsonl, .json, .parquet, or .txt with a text a line",
        )
    return [name.strip() for name in next(read_lines(file))[1].split("\t")]


def _found(file: Path, header: Sequence[str], family: str) -> tuple[str, ...]:
    """Find the columns by the usual names, or ask."""
    fitting = [names for names in _USUAL[family] if all(name in header for name in names)]
    if family == "multiple choice":
        lists = [name for name in _OPTION_LISTS if name in header]
        numbered = [name for name in header if _OPTION_COLUMN.fullmatch(name)]
        options = [(name,) for name in lists] + ([tuple(numbered)] if len(numbered) > 1 else [])
        fitting = [(*names, *each) for names in fitting for each in options]
    if not fitting and family == "classification":
        fitting = [(name,) for name in ("text", "sentence") if name in header]
    if len(fitting) == 1:
        return fitting[0]
    what = "no columns of the usual names" if not fitting else "several columns could be the texts"
    found = "; ".join(",".join(names) for names in fitting)
    raise _ask(file, header, family, f"{what}{f': {found}' if found else ''}")


def _ask(file: Path, header: Sequence[str], family: str, problem: str) -> SettingsError:
    roles = {
        "classification": "TEXT_A,TEXT_B or TEXT",
        "span": "QUESTION,CONTEXT",
        "tagging": "WORDS",
        "multiple choice": "CONTEXT,QUESTION,OPTIONS",
    }[family]
    return SettingsError(
        problem,
        where=str(file),
        remedy=f"Name them with --columns {roles}; the file has: {', '.join(header)[:300]}",
    )


def _makers(family: str, names: Sequence[str]) -> Callable[[str, str, Node], Example]:
    """Return what makes an example of its number, language and row."""
    counts = {"classification": (1, 2), "span": (2, 2), "tagging": (1, 1)}.get(family, (3, 99))
    if not counts[0] <= len(names) <= counts[1]:
        raise SettingsError(
            f"{len(names)} columns were named, which a model of the family {family} has no use for",
            where="--columns",
            remedy="See crosscal predict --help",
        )
    return {
        "classification": _pair if len(names) == 2 else _single,
        "span": _question,
        "tagging": _sentence,
        "multiple choice": _options,
    }[family](names)


def _filled(record: Node, name: str) -> str:
    value = text(record, name)
    for problem in text_problems(f"text in '{name}'", value):
        raise record.fault(problem.what, problem.remedy)
    return value


def _pair(names: Sequence[str]) -> Callable[[str, str, Node], Example]:
    def make(unit: str, language: str, record: Node) -> Example:
        a, b = (_filled(record, name) for name in names)
        return PairExample(unit, unit, language, a, b, None)

    return make


def _single(names: Sequence[str]) -> Callable[[str, str, Node], Example]:
    def make(unit: str, language: str, record: Node) -> Example:
        content = _filled(record, names[0])
        return SentenceExample(unit, unit, language, False, unit, content, None)

    return make


def _question(names: Sequence[str]) -> Callable[[str, str, Node], Example]:
    def make(unit: str, language: str, record: Node) -> Example:
        question, context = (_filled(record, name) for name in names)
        return SpanExample(unit, unit, language, unit, context, question, None)

    return make


def _sentence(names: Sequence[str]) -> Callable[[str, str, Node], Example]:
    def make(unit: str, language: str, record: Node) -> Example:
        value = record.value[names[0]]
        words = value if isinstance(value, list) else _filled(record, names[0]).split()
        if not words or not all(isinstance(word, str) and word.strip() for word in words):
            raise record.fault(f"'{names[0]}' holds an empty word", "Leave empty words out")
        return TagExample(unit, unit, language, tuple(words), None)

    return make


def _options(names: Sequence[str]) -> Callable[[str, str, Node], Example]:
    def make(unit: str, language: str, record: Node) -> Example:
        context, question = (text(record, name) for name in names[:2])
        if not (context + question).strip():
            raise record.fault("context and question are both empty", "Fill in or remove the row")
        options = record.value[names[2]]
        if len(names) > 3 or not isinstance(options, list):
            options = [_filled(record, name) for name in names[2:]]
        if len(options) < 2 or not all(isinstance(each, str) and each.strip() for each in options):
            raise record.fault("there are not two or more options", "Give a list of texts")
        return ChoiceExample(unit, unit, language, context, question, tuple(options), None)

    return make
