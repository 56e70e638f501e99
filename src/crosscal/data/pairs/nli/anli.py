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

from crosscal.data.files.layout import folder_names, is_folder
from crosscal.data.files.naming import check_languages, file_of
from crosscal.data.files.parquet import shards
from crosscal.data.pairs.pair_files import HUB_NLI, PairColumns, PairFiles, file_rows
from crosscal.data.pairs.pairs import PAIRS
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request

_ROUND = re.compile(r"(?P<split>\w+)_r(?P<round>[123])")
_LAYOUT = PairFiles(
    names=("R{round}/{split}.jsonl",),
    columns=PairColumns(
        text_a="context",
        text_b="hypothesis",
        row_id=("uid",),
        label_map={"e": "entailment", "n": "neutral", "c": "contradiction"},
    ),
    hub=replace(HUB_NLI, row_id=("uid",)),
)


def _read(request: Request) -> ParsedFiles:
    check_languages(request, _LAYOUT.languages, "anli")
    parts: list[LanguageRows] = []
    count = 0
    files = _files(request)
    for file in files:  # a round is a part of its own: premises are shared within it alone
        rows = file_rows(file, request, _LAYOUT, Counter())
        rows = [replace(row, index=count + row.index) for row in rows]
        count += len(rows)
        parts.append(LanguageRows(language="en", file=file, rows=rows))
    label_map = _LAYOUT.columns_of(files[-1]).label_map
    return ParsedFiles(parts=parts, files=tuple(files), label_map=label_map)


def _files(request: Request) -> list[Path]:
    path = request.source
    if not is_folder(path):
        return [file_of(request, "en")]
    split = request.needed_split("Name one, for example 'dev' or 'dev_r1'")
    match = _ROUND.fullmatch(split)
    split = match["split"] if match else split
    rounds = [match["round"]] if match else ["1", "2", "3"]
    if any(name.endswith(".parquet") for name in folder_names(path)):
        return [file for number in rounds for file in shards(path, f"{split}_r{number}")]
    of_split = replace(request, split=split)
    return [file_of(of_split, "en", _LAYOUT.names, round=number) for number in rounds]


FORMAT = Format(
    schema=PAIRS,
    name="anli",
    description="ANLI: R1/{split}.jsonl, R2, R3 with uid, context, hypothesis, label, or Parquet "
    "{split}_r1-* and so on; all rounds, or one as in split dev_r1",
    read=_read,
    parallel=False,
)
