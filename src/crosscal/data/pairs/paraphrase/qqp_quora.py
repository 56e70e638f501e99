"""Format ``qqp-quora``: Quora Question Pairs as Quora published them, one file without splits.

``quora_duplicate_questions.tsv``: id, qid1, qid2, question1, question2, is_duplicate, with tabs and
with quoting (questions hold line breaks). Pairs with an empty question are left out and counted.
"""

from __future__ import annotations

from crosscal.data.files.naming import file_of
from crosscal.data.files.published import check_languages
from crosscal.data.files.quoted import quoted_columns
from crosscal.data.pairs.pairs import PAIRS, PairRow
from crosscal.data.pairs.paraphrase.qqp import EMPTY
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request

COLUMNS = ("id", "question1", "question2", "is_duplicate")


def _read(request: Request) -> ParsedFiles:
    check_languages(request, ("en",), "qqp-quora")
    file = file_of(request, "en", ("quora_duplicate_questions.tsv",))
    rows: list[PairRow] = []
    empty = 0
    for index, (number, cells) in enumerate(quoted_columns(file, COLUMNS, separator="\t")):
        row_id, text_a, text_b, label = (cells[name] for name in COLUMNS)
        if not text_a.strip() or not text_b.strip():
            empty += 1
            continue
        rows.append(PairRow(index, number, text_a, text_b, label, row_id=row_id))
    return ParsedFiles(
        parts=[LanguageRows(language="en", file=file, rows=rows)],
        files=(file,),
        dropped={EMPTY: empty} if empty else {},
        label_map={"0": "different", "1": "paraphrase"},
    )


FORMAT = Format(
    schema=PAIRS,
    name="qqp-quora",
    description="QQP as Quora published it: quora_duplicate_questions.tsv with question1, "
    "question2, is_duplicate, with quoting; no splits",
    read=_read,
)
