"""Formats ``mnli-jsonl``, ``mnli-tsv``, ``mnli-glue``, ``mnli-ptb``: MultiNLI in four forms.

Williams, Nangia and Bowman (2018). As its authors publish it: ``multinli_1.0_{split}.jsonl``, or
``.txt`` with tabs, with gold_label, sentence1, sentence2, promptID; training rows have one
annotator, so that the last four columns of the latter are empty or absent. Where no three of five
annotators agreed, the label is ``-``; such pairs are by custom neither trained on nor evaluated.

As GLUE lays it out (Wang et al. 2019): ``{split}.tsv`` with the same columns, or its copy on the
Hub; the test splits have no labels.

``mnli-ptb``: columns sentence1, sentence2, label and often genre in Penn-Treebank tokens, the form
in which several courses hand out subsets of MultiNLI and SNLI. XNLI is running text, so training
on tokens would add a shift that has nothing to do with language:
`crosscal.data.pairs.detokenise` undoes it. Some of these subsets were cut from the GLUE file by a
reader that honours quotes. An unpaired quote then swallowed all records up to the next one, parse
trees and labels included, and the label belongs to the last of them. Such rows are recognised by
the parse trees, and dropped.
"""

from __future__ import annotations

from dataclasses import replace

from crosscal.data.files.json_tree import Node
from crosscal.data.files.records import text
from crosscal.data.pairs.detokenise import detokenise
from crosscal.data.pairs.pair_files import (
    HUB_NLI,
    NO_AGREEMENT,
    PairColumns,
    PairFiles,
    pair_format,
)

SWALLOWED = "an unpaired quote swallowed other records (the text holds parse trees)"
_PARSE_TREE = "( ROOT ("
_COLUMNS = PairColumns(
    text_a="sentence1",
    text_b="sentence2",
    label="gold_label",
    cluster="promptID",
    dropped_labels={"-": NO_AGREEMENT},
    unlabelled=("", "hidden"),
)
_WITH_PROMPT = replace(_COLUMNS, required=("promptID",))


def _swallowed(record: Node) -> str | None:
    texts = (text(record, name) for name in ("sentence1", "sentence2"))
    return SWALLOWED if any(_PARSE_TREE in one for one in texts) else None


FORMATS = (
    pair_format(
        "mnli-jsonl",
        "MultiNLI 1.0: multinli_1.0_{split}.jsonl with gold_label, sentence1, sentence2; rows "
        "labelled '-' are dropped",
        PairFiles(
            names=("multinli_1.0_{split}.jsonl",),
            columns=_COLUMNS,
            languages=(),
            read_as=".jsonl",
        ),
    ),
    pair_format(
        "mnli-tsv",
        "MultiNLI 1.0: multinli_1.0_{split}.txt with gold_label, sentence1, sentence2; rows "
        "labelled '-' are dropped",
        PairFiles(
            names=("multinli_1.0_{split}.txt",),
            columns=_WITH_PROMPT,
            languages=(),
            read_as=".tsv",
            absent_at_end=4,
        ),
    ),
    pair_format(
        "mnli-glue",
        "MultiNLI in GLUE form: {split}.tsv with sentence1, sentence2, gold_label, or "
        "{split}-*.parquet with premise, hypothesis, label",
        PairFiles(
            names=("{split}.tsv",),
            columns=_WITH_PROMPT,
            hub=HUB_NLI,
            languages=(),
            read_as=".tsv",
        ),
    ),
    pair_format(
        "mnli-ptb",
        "columns sentence1, sentence2, label (header) in Penn-Treebank tokens, which are joined to "
        "running text; a folder holds mnli_{split}.tsv",
        PairFiles(
            names=("mnli_{split}.tsv",),
            columns=PairColumns(text_a="sentence1", text_b="sentence2", unlabelled=()),
            languages=(),
            read_as=".tsv",
            drop=_swallowed,
            clean=detokenise,
        ),
    ),
)
