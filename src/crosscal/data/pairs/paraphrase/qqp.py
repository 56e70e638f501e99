"""Format ``qqp``: Quora Question Pairs as the GLUE benchmark lays them out, or on the Hub.

``{split}.tsv`` with id, qid1, qid2, question1, question2, is_duplicate, or
``{split}-*.parquet`` with question1, question2, label. The published training file holds a few
questions broken over several lines and a few that are empty; every loader leaves them out,
most without a word. Here they are counted, and more than a few are an error.
"""

from __future__ import annotations

from crosscal.data.files.columns import named_columns
from crosscal.data.pairs.glue import glue_files, tsv_file
from crosscal.data.pairs.pairs import PAIRS, PairRow
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.exceptions import DataError

COLUMNS = ("id", "question1", "question2")
LABELS = ("different", "paraphrase")
BROKEN = "a question broken over several lines (wrong number of columns)"
EMPTY = "an empty question"
_MOST_BROKEN = 0.001
_ALWAYS_ALLOWED = 5


def _read(request: Request) -> ParsedFiles:
    file = tsv_file(request)
    if file is None:
        return glue_files(request, ("question1", "question2"), LABELS)
    broken: list[int] = []
    empty = 0
    rows: list[PairRow] = []
    label = ["is_duplicate"] if request.require_labels else []
    found = named_columns(file, [*COLUMNS, *label], on_wrong_count=broken.append)
    for number, (row_id, text_a, text_b, *gold) in found:
        if not text_a.strip() or not text_b.strip():
            empty += 1
            continue
        # Broken lines are counted too, so that a row number still finds its line.
        index = number - 2
        rows.append(
            PairRow(index, number, text_a, text_b, gold[0] if gold else None, row_id=row_id)
        )
    lost = len(broken) + empty
    if lost > max(_ALWAYS_ALLOWED, _MOST_BROKEN * len(rows)):
        raise DataError(
            f"{len(broken)} rows have the wrong number of columns and {empty} an empty question, "
            "far more than in the published file",
            where=f"{file}:{broken[0] if broken else 2}",
            remedy="Fetch the file again; quotes must not be interpreted when it is converted",
        )
    counts = {BROKEN: len(broken), EMPTY: empty}
    return ParsedFiles(
        parts=[LanguageRows(language=request.languages[0], file=file, rows=rows)],
        files=(file,),
        dropped={reason: count for reason, count in counts.items() if count},
        label_map={"0": "different", "1": "paraphrase"},
    )


FORMAT = Format(
    schema=PAIRS,
    name="qqp",
    description="QQP in GLUE form: {split}.tsv with question1, question2, is_duplicate, or "
    "{split}-*.parquet with question1, question2, label",
    read=_read,
)
