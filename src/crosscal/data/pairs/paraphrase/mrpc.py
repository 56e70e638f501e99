"""Format ``mrpc``: the Microsoft Research Paraphrase Corpus as Microsoft publishes it.

Dolan and Brockett (2005). ``msr_paraphrase_{split}.txt``: columns Quality, #1 ID, #2 ID,
#1 String, #2 String; byte order mark, CRLF, quotes literal. Official counts: 4,076 and 1,725.
Some copies carry rows of their own with the id -1: they are no part of the corpus, and dropped.
"""

from __future__ import annotations

from crosscal.data.files.json_tree import Node
from crosscal.data.pairs.pair_files import PairColumns, PairFiles, pair_format

FOREIGN = "id -1: added to this copy, not part of the corpus"
PARAPHRASE_LABELS = {"0": "different", "1": "paraphrase"}


def _foreign(record: Node) -> str | None:
    return FOREIGN if "-1" in (record.value["#1 ID"], record.value["#2 ID"]) else None


FORMAT = pair_format(
    "mrpc",
    "MRPC: msr_paraphrase_{split}.txt with columns Quality, #1 ID, #2 ID, #1 String, #2 String; "
    "rows with id -1 are dropped",
    PairFiles(
        names=("msr_paraphrase_{split}.txt",),
        columns=PairColumns(
            text_a="#1 String",
            text_b="#2 String",
            label="Quality",
            row_id=("#1 ID", "#2 ID"),
            label_map=PARAPHRASE_LABELS,
            unlabelled=(),
        ),
        languages=(),
        read_as=".tsv",
        drop=_foreign,
    ),
)
