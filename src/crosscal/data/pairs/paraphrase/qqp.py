"""Formats ``qqp`` and ``qqp-quora``: Quora Question Pairs, as GLUE lays them out and as published.

GLUE: ``{split}.tsv`` with id, qid1, qid2, question1, question2, is_duplicate, or
``{split}-*.parquet`` with question1, question2, label. The published training file holds a few
questions broken over several lines and a few that are empty; every loader leaves them out,
most without a word. Here they are counted, and more than a few are an error.

Quora: ``quora_duplicate_questions.tsv``, one file without splits, the same columns with tabs and
with quoting (questions hold line breaks). Pairs with an empty question are dropped and counted.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from crosscal.data.pairs.pair_files import PairColumns, PairFiles, Tolerance, pair_format
from crosscal.data.pairs.paraphrase.mrpc import PARAPHRASE_LABELS

BROKEN = "a question broken over several lines (wrong number of columns)"
EMPTY = "an empty question"
_HUB = PairColumns(text_a="question1", text_b="question2", label_map=PARAPHRASE_LABELS)
_COLUMNS = replace(_HUB, label="is_duplicate", row_id=("id",), unlabelled=())

GLUE = pair_format(
    "qqp",
    "QQP in GLUE form: {split}.tsv with question1, question2, is_duplicate, or "
    "{split}-*.parquet with question1, question2, label",
    PairFiles(
        names=("{split}.tsv",),
        columns=replace(_COLUMNS, tolerance=Tolerance(broken=BROKEN, blank=EMPTY)),
        hub=_HUB,
        read_as=".tsv",
        languages=(),
    ),
)

QUORA = pair_format(
    "qqp-quora",
    "QQP as Quora published it: quora_duplicate_questions.tsv with question1, question2, "
    "is_duplicate, with quoting; no splits",
    PairFiles(
        names=("quora_duplicate_questions.tsv",),
        columns=replace(_COLUMNS, tolerance=Tolerance(blank=EMPTY, always=sys.maxsize)),
        read_as=".tsv",
        quoting="doubled",
    ),
)
