"""Format ``jampatoisnli``: JamPatoisNLI, Jamaican Patois, as its authors publish it.

Armstrong, Hewitt and Manning (2022). ``jampatoisnli-{split}.csv`` with premise, hypothesis,
label; texts may hold line breaks. The split ``transition`` pairs Patois with English rewordings.
"""

from __future__ import annotations

from crosscal.data.pairs.pair_files import PairColumns, PairFiles, pair_format

FORMAT = pair_format(
    "jampatoisnli",
    "JamPatoisNLI: jampatoisnli-{split}.csv with premise, hypothesis, label",
    PairFiles(
        names=("jampatoisnli-{split}.csv",),
        columns=PairColumns(text_a="premise", text_b="hypothesis"),
        languages=("jam",),
    ),
)
