"""Format ``ocnli``: OCNLI, native Chinese, as its authors publish it, or from the Hub.

Hu et al. (2020). ``{split}.json``, an object a line with sentence1, sentence2, label, prem_id,
id; training data come in sizes, of which ``train.50k.json`` is the whole. ``-`` means that
annotators did not agree. The test split has no labels. On the Hub (clue, ocnli) the labels are
0 neutral, 1 entailment, 2 contradiction: another order than elsewhere.
"""

from __future__ import annotations

from crosscal.data.pairs.pair_files import NO_AGREEMENT, PairColumns, PairFiles, pair_format

FORMAT = pair_format(
    "ocnli",
    "OCNLI (Chinese): {split}.json or {split}.50k.json, an object a line with sentence1, "
    "sentence2, label, or {split}-*.parquet; rows labelled '-' are dropped",
    PairFiles(
        names=("{split}.json", "{split}.50k.json"),
        columns=PairColumns(
            text_a="sentence1",
            text_b="sentence2",
            row_id=("id",),
            cluster="prem_id",
            dropped_labels={"-": NO_AGREEMENT},
        ),
        hub=PairColumns(
            text_a="sentence1",
            text_b="sentence2",
            label_map={"0": "neutral", "1": "entailment", "2": "contradiction"},
        ),
        languages=("zh",),
    ),
)
