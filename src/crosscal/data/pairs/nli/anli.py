"""Format ``anli``: Adversarial NLI as its authors publish it, or from the Hub.

Nie et al. (2020). ``R1``, ``R2`` and ``R3`` hold ``{split}.jsonl`` with uid, context, hypothesis,
label (e, n, c); or Parquet ``{split}_r1-*`` and so on with uid, premise, hypothesis, label (0
entailment, 1 neutral, 2 contradiction). A split is all three rounds in order, or one: ``dev_r2``.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

from crosscal.data.files.layout import folder_names
from crosscal.data.files.naming import file_of, is_folder
from crosscal.data.files.parquet import shards
from crosscal.data.files.published import check_languages
from crosscal.data.files.records import read_records
from crosscal.data.pairs.pair_files import (
    PairColumns,
    PairFiles,
    columns_of,
    own_label_map,
    pair_rows,
)
from crosscal.data.pairs.pairs import PAIRS, PairRow
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.exceptions import SettingsError

_ROUND = re.compile(r"(?P<split>\w+)_r(?P<round>[123])")
_LAYOUT = PairFiles(
    names=("R{round}/{split}.jsonl",),
    columns=PairColumns(
        text_a="context",
        text_b="hypothesis",
        row_id="uid",
        label_map={"e": "entailment", "n": "neutral", "c": "contradiction"},
    ),
    hub=PairColumns(
        text_a="premise",
        text_b="hypothesis",
        row_id="uid",
        label_map={"0": "entailment", "1": "neutral", "2": "contradiction"},
    ),
)


def _read(request: Request) -> ParsedFiles:
    check_languages(request, _LAYOUT.languages, "anli")
    parts: list[LanguageRows] = []
    dropped: Counter[str] = Counter()
    count = 0
    files = _files(request)
    for file in files:
        columns = columns_of(file, _LAYOUT)
        wanted = [columns.text_a, columns.text_b, "uid"]
        optional = [] if request.require_labels else [columns.label]
        records = read_records(file, [*wanted, *([] if optional else [columns.label])], optional)
        spelled = own_label_map(file, columns)
        rows: list[PairRow] = [
            replace(row, index=count + row.index, label=spelled.get(row.label or "", row.label))
            for row in pair_rows(records, columns, request, dropped)
        ]
        count += len(rows)
        parts.append(LanguageRows(language="en", file=file, rows=rows))
    return ParsedFiles(parts=parts, files=tuple(files), label_map=columns.label_map)


def _files(request: Request) -> list[Path]:
    path = request.path
    assert path is not None
    if not is_folder(path):
        return [file_of(request, "en")]
    if request.split is None:
        raise SettingsError(
            "no split is given", where=str(path), remedy="Name one, for example 'dev' or 'dev_r1'"
        )
    match = _ROUND.fullmatch(request.split)
    split = match["split"] if match else request.split
    rounds = [match["round"]] if match else ["1", "2", "3"]
    if any(name.endswith(".parquet") for name in folder_names(path)):
        return [file for number in rounds for file in shards(path, f"{split}_r{number}")]
    asked = replace(request, split=split)
    return [file_of(asked, "en", [f"R{number}/{{split}}.jsonl"]) for number in rounds]


FORMAT = Format(
    schema=PAIRS,
    name="anli",
    description="ANLI: R1/{split}.jsonl, R2, R3 with uid, context, hypothesis, label, or Parquet "
    "{split}_r1-* and so on; all rounds, or one as in split dev_r1",
    read=_read,
    parallel=False,
)
