"""Format ``paws``: Paraphrase Adversaries from Word Scrambling, as published, or from the Hub.

Zhang, Baldridge and He (2019). ``{split}.tsv`` with id, sentence1, sentence2 and label, or
noisy_label where labels were made by a model; or Parquet with sentence1, sentence2, label.
Quotes are letters.
"""

from __future__ import annotations

from dataclasses import replace

from crosscal.data.files.lines import read_lines
from crosscal.data.files.published import published_files
from crosscal.data.pairs.pair_files import PairColumns, PairFiles, read_pair_files
from crosscal.data.pairs.pairs import PAIRS
from crosscal.data.reader import Format, ParsedFiles, Request

LABEL_MAP = {"0": "different", "1": "paraphrase"}
_LAYOUT = PairFiles(
    names=("{split}.tsv",),
    columns=PairColumns(text_a="sentence1", text_b="sentence2", row_id="id", label_map=LABEL_MAP),
)
_NOISY = replace(_LAYOUT, columns=replace(_LAYOUT.columns, label="noisy_label"))


def _read(request: Request) -> ParsedFiles:
    file = published_files(request, request.languages[0], _LAYOUT.names)[0]
    noisy = False
    if file.suffix != ".parquet":
        _, header = next(read_lines(file))
        noisy = "noisy_label" in header.split("\t") and "label" not in header.split("\t")
    return read_pair_files(request, layout=_NOISY if noisy else _LAYOUT, name="paws")


FORMAT = Format(
    schema=PAIRS,
    name="paws",
    description="PAWS: {split}.tsv with id, sentence1, sentence2, label (or noisy_label), or "
    "{split}-*.parquet with the same columns",
    read=_read,
)
