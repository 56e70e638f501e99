"""Format ``kornli``: KorNLI, XNLI and its training data in Korean, or from the Hub.

Ham et al. (2020). ``xnli.{split}.ko.tsv`` (dev and test, translated by people, row by row as in
XNLI), ``multinli.train.ko.tsv`` and ``snli_1.0_train.ko.tsv`` (by machine; name the latter), with
sentence1, sentence2, gold_label; quotes are letters. The training files hold a few broken rows.
On the Hub: Parquet with premise, hypothesis, label.
"""

from __future__ import annotations

from dataclasses import replace

from crosscal.data.files.layout import split_names
from crosscal.data.pairs.pair_files import (
    HUB_NLI,
    PairColumns,
    PairFiles,
    Tolerance,
    pair_format,
)
from crosscal.data.pairs.premises import by_threes
from crosscal.data.reader import ParsedFiles, Request


def _premises_of_xnli(parsed: ParsedFiles, request: Request) -> ParsedFiles:
    if not {"dev", "test"} & set(split_names(request.split)) or parsed.dropped:
        return parsed
    return by_threes(parsed, request.prefix)


FORMAT = pair_format(
    "kornli",
    "KorNLI (Korean): xnli.{split}.ko.tsv or multinli.{split}.ko.tsv with sentence1, sentence2, "
    "gold_label, or {split}-*.parquet with premise, hypothesis, label",
    PairFiles(
        names=("xnli.{split}.ko.tsv", "multinli.{split}.ko.tsv"),
        columns=PairColumns(
            text_a="sentence1", text_b="sentence2", label="gold_label", tolerance=Tolerance()
        ),
        hub=replace(HUB_NLI, tolerance=Tolerance()),
        languages=("ko",),
        finish=_premises_of_xnli,
    ),
)
