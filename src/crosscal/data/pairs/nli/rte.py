"""Format ``rte-glue``: Recognizing Textual Entailment as the GLUE benchmark lays it out.

Wang et al. (2019), of four challenges since Dagan et al. (2005). ``{split}.tsv`` with index,
sentence1, sentence2, label (entailment, not_entailment), or ``{split}-*.parquet`` with sentence1,
sentence2, label (0 entailment, 1 not_entailment). The test split has no labels.
"""

from __future__ import annotations

from crosscal.data.pairs.pair_files import PairColumns, PairFiles, pair_format

FORMAT = pair_format(
    "rte-glue",
    "RTE in GLUE form: {split}.tsv or {split}-*.parquet with sentence1, sentence2, label",
    PairFiles(
        names=("{split}.tsv",),
        columns=PairColumns(text_a="sentence1", text_b="sentence2", row_id=("index",)),
        hub=PairColumns(
            text_a="sentence1",
            text_b="sentence2",
            label_map={"0": "entailment", "1": "not_entailment"},
        ),
    ),
)
