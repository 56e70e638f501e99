"""Format ``paws``: Paraphrase Adversaries from Word Scrambling, as published, or from the Hub.

Zhang, Baldridge and He (2019). ``{split}.tsv`` with id, sentence1, sentence2 and label, or
noisy_label where labels were made by a model; or Parquet with sentence1, sentence2, label.
Quotes are letters.
"""

from __future__ import annotations

from crosscal.data.pairs.pair_files import PairColumns, PairFiles, pair_format
from crosscal.data.pairs.paraphrase.mrpc import PARAPHRASE_LABELS

FORMAT = pair_format(
    "paws",
    "PAWS: {split}.tsv with id, sentence1, sentence2, label (or noisy_label), or {split}-*.parquet "
    "with the same columns",
    PairFiles(
        names=("{split}.tsv",),
        columns=PairColumns(
            text_a="sentence1",
            text_b="sentence2",
            other_label="noisy_label",
            row_id=("id",),
            label_map=PARAPHRASE_LABELS,
        ),
    ),
)
