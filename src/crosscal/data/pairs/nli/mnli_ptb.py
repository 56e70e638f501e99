"""Format ``mnli-ptb``: NLI pairs in Penn-Treebank tokens, brought back to running text.

Columns sentence1, sentence2, label and often genre, with a header; the form in which several
courses hand out subsets of MultiNLI and SNLI. XNLI is running text, so training on tokens
would add a shift that has nothing to do with language: `crosscal.data.pairs.detokenise` undoes it.

Some of these subsets were cut from the GLUE file by a reader that honours quotes. An unpaired
quote then swallowed all records up to the next one, parse trees and labels included, and the
label belongs to the last of them. Such rows are recognised by the parse trees, and dropped.
"""

from __future__ import annotations

from crosscal.data.files.columns import named_columns
from crosscal.data.files.layout import in_folder
from crosscal.data.pairs.detokenise import detokenise
from crosscal.data.pairs.pairs import PAIRS, PairRow
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request

SWALLOWED = "an unpaired quote swallowed other records (the text holds parse trees)"
_PARSE_TREE = "( ROOT ("


def _read(request: Request) -> ParsedFiles:
    assert request.path is not None
    file = request.path
    if file.is_dir() and request.split is not None:
        file = in_folder(file, "mnli_{split}.tsv", split=request.split)
    rows: list[PairRow] = []
    dropped = 0
    columns = named_columns(file, ["sentence1", "sentence2", "label"])
    for index, (number, (text_a, text_b, label)) in enumerate(columns):
        if _PARSE_TREE in text_a or _PARSE_TREE in text_b:
            dropped += 1
            continue
        rows.append(PairRow(index, number, detokenise(text_a), detokenise(text_b), label))
    return ParsedFiles(
        parts=[LanguageRows(language=request.languages[0], file=file, rows=rows)],
        files=(file,),
        dropped={SWALLOWED: dropped} if dropped else {},
    )


FORMAT = Format(
    schema=PAIRS,
    name="mnli-ptb",
    description="columns sentence1, sentence2, label (header) in Penn-Treebank tokens, "
    "which are joined to running text; a folder holds mnli_{split}.tsv",
    read=_read,
)
