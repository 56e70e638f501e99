"""Format ``snli``: the Stanford NLI corpus as its authors publish it, or from the Hub.

Bowman et al. (2015). ``snli_1.0_{split}.jsonl`` or ``.txt`` (tabs) with gold_label, sentence1,
sentence2, captionID; or Parquet with premise, hypothesis, label (0 entailment, 1 neutral,
2 contradiction, -1 no agreement). The caption is the premise. Rows of one annotator lack the
last four columns.
"""

from __future__ import annotations

from dataclasses import replace

from crosscal.data.pairs.pair_files import (
    HUB_NLI,
    NO_AGREEMENT,
    PairColumns,
    PairFiles,
    pair_format,
)

FORMAT = pair_format(
    "snli",
    "SNLI 1.0: snli_1.0_{split}.jsonl or .txt with gold_label, sentence1, sentence2, or "
    "{split}-*.parquet with premise, hypothesis, label; rows without agreement are dropped",
    PairFiles(
        names=("snli_1.0_{split}.jsonl", "snli_1.0_{split}.txt"),
        columns=PairColumns(
            text_a="sentence1",
            text_b="sentence2",
            label="gold_label",
            cluster="captionID",
            dropped_labels={"-": NO_AGREEMENT},
        ),
        hub=replace(HUB_NLI, dropped_labels={"-1": NO_AGREEMENT}),
        absent_at_end=4,
    ),
)
