"""Format ``klue-nli``: KLUE-NLI, native Korean, as its authors publish it, or from the Hub.

Park et al. (2021). ``klue-nli-v1.1_{split}.json``, one JSON list with guid, premise, hypothesis,
gold_label; or Parquet with guid, premise, hypothesis, label (0 entailment, 1 neutral,
2 contradiction). The labels of single annotators are not read.
"""

from __future__ import annotations

from dataclasses import replace

from crosscal.data.pairs.pair_files import HUB_NLI, PairColumns, PairFiles, pair_format

FORMAT = pair_format(
    "klue-nli",
    "KLUE-NLI (Korean): klue-nli-v1.1_{split}.json with premise, hypothesis, gold_label, or "
    "{split}-*.parquet with premise, hypothesis, label",
    PairFiles(
        names=("klue-nli-v1.1_{split}.json",),
        columns=PairColumns(
            text_a="premise", text_b="hypothesis", label="gold_label", row_id=("guid",)
        ),
        hub=replace(HUB_NLI, row_id=("guid",)),
        languages=("ko",),
    ),
)
