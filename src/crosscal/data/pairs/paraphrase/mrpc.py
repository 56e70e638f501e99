"""Format ``mrpc``: the Microsoft Research Paraphrase Corpus as Microsoft publishes it.

Dolan and Brockett (2005). ``msr_paraphrase_{split}.txt``: columns Quality, #1 ID, #2 ID,
#1 String, #2 String; byte order mark, CRLF, quotes literal. Official counts: 4,076 and 1,725.
Some copies carry rows of their own with the id -1: they are no part of the corpus, and dropped.
"""

from __future__ import annotations

from crosscal.data.files.columns import named_columns
from crosscal.data.files.layout import in_folder
from crosscal.data.pairs.pairs import PAIRS, PairRow
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request

COLUMNS = ("Quality", "#1 ID", "#2 ID", "#1 String", "#2 String")
FOREIGN = "id -1: added to this copy, not part of the corpus"


def _read(request: Request) -> ParsedFiles:
    assert request.path is not None
    file = request.path
    if file.is_dir() and request.split is not None:
        file = in_folder(file, "msr_paraphrase_{split}.txt", split=request.split)
    rows: list[PairRow] = []
    dropped = 0
    for index, (number, cells) in enumerate(named_columns(file, COLUMNS)):
        quality, first, second, text_a, text_b = cells
        if "-1" in (first, second):
            dropped += 1
            continue
        rows.append(PairRow(index, number, text_a, text_b, quality, row_id=f"{first} and {second}"))
    return ParsedFiles(
        parts=[LanguageRows(language=request.languages[0], file=file, rows=rows)],
        files=(file,),
        dropped={FOREIGN: dropped} if dropped else {},
        label_map={"0": "different", "1": "paraphrase"},
    )


FORMAT = Format(
    schema=PAIRS,
    name="mrpc",
    description="MRPC: msr_paraphrase_{split}.txt with columns Quality, #1 ID, #2 ID, "
    "#1 String, #2 String; rows with id -1 are dropped",
    read=_read,
)
