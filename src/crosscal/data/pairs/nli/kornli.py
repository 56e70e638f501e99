"""Format ``kornli``: KorNLI, XNLI and its training data in Korean, or from the Hub.

Ham et al. (2020). ``xnli.{split}.ko.tsv`` (dev and test, translated by people, row by row as in
XNLI), ``multinli.train.ko.tsv`` and ``snli_1.0_train.ko.tsv`` (by machine; name the latter), with
sentence1, sentence2, gold_label; quotes are letters. The training files hold a few broken rows.
On the Hub: Parquet with premise, hypothesis, label.
"""

from __future__ import annotations

from crosscal.data.files.published import split_words
from crosscal.data.pairs.pair_files import PairColumns, PairFiles, read_pair_files
from crosscal.data.pairs.pairs import PAIRS
from crosscal.data.pairs.premises import three_rows_each, with_premises
from crosscal.data.reader import Format, ParsedFiles, Request

_LAYOUT = PairFiles(
    names=("xnli.{split}.ko.tsv", "multinli.{split}.ko.tsv"),
    columns=PairColumns(text_a="sentence1", text_b="sentence2", label="gold_label"),
    hub=PairColumns(
        text_a="premise",
        text_b="hypothesis",
        label_map={"0": "entailment", "1": "neutral", "2": "contradiction"},
    ),
    languages=("ko",),
    forgiving=True,
)


def _read(request: Request) -> ParsedFiles:
    parsed = read_pair_files(request, layout=_LAYOUT, name="kornli")
    if not {"dev", "test"} & set(split_words(request.split)) or parsed.dropped:
        return parsed
    (part,) = parsed.parts
    clusters = three_rows_each(part, request.split or "row")
    return ParsedFiles(
        parts=[with_premises(part, clusters)], files=parsed.files, label_map=parsed.label_map
    )


FORMAT = Format(
    schema=PAIRS,
    name="kornli",
    description="KorNLI (Korean): xnli.{split}.ko.tsv or multinli.{split}.ko.tsv with sentence1, "
    "sentence2, gold_label, or {split}-*.parquet with premise, hypothesis, label",
    read=_read,
)
