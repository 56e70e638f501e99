"""Format ``mnli-tsv``: MultiNLI 1.0 as its authors publish it, in tab-separated columns.

``multinli_1.0_{split}.txt`` with gold_label, four columns of parses, sentence1, sentence2,
promptID, pairID, genre and five labels. Training rows have one annotator, so that their last
four columns are empty or absent.
"""

from __future__ import annotations

from crosscal.data.files.columns import named_columns
from crosscal.data.files.layout import in_folder
from crosscal.data.pairs.nli.mnli_rows import mnli_files
from crosscal.data.pairs.pairs import PAIRS
from crosscal.data.reader import Format, ParsedFiles, Request

COLUMNS = ("sentence1", "sentence2", "gold_label", "promptID")
_ABSENT_ANNOTATORS = 4


def _read(request: Request) -> ParsedFiles:
    assert request.path is not None
    file = request.path
    if file.is_dir() and request.split is not None:
        file = in_folder(file, "multinli_1.0_{split}.txt", split=request.split)
    rows = named_columns(file, COLUMNS, absent_at_end=_ABSENT_ANNOTATORS)
    return mnli_files(((number, *cells) for number, cells in rows), file, request)  # type: ignore[misc]


FORMAT = Format(
    schema=PAIRS,
    name="mnli-tsv",
    description="MultiNLI 1.0: multinli_1.0_{split}.txt with gold_label, sentence1, sentence2; "
    "rows labelled '-' are dropped",
    read=_read,
)
