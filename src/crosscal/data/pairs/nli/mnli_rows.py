"""What the forms of MultiNLI share: rows without an agreed label, and premise ids.

Williams, Nangia and Bowman (2018): where no three of five annotators agreed, the gold label
is ``-``; such pairs are by custom neither trained on nor evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from crosscal.data.pairs.pairs import PairRow
from crosscal.data.reader import LanguageRows, ParsedFiles, Request

NO_AGREEMENT = "annotators did not agree on a label ('-')"
Record = tuple[int | str, str, str, str, str]


def mnli_files(records: Iterable[Record], file: Path, request: Request) -> ParsedFiles:
    """Make rows of records, leaving out those without an agreed label.

    Parameters
    ----------
    records : iterable of (place, text_a, text_b, label, promptID)
        In file order. An empty promptID lets rows with equal `text_a` form a cluster.
    file : pathlib.Path
        Where they come from.
    request : Request
        What was asked.

    Returns
    -------
    ParsedFiles
        One part, and how many rows were dropped.
    """
    rows: list[PairRow] = []
    dropped = 0
    prefix = request.split or "row"
    for index, (place, text_a, text_b, label, prompt) in enumerate(records):
        if label == "-" and request.require_labels:
            dropped += 1
            continue
        gold = None if label in ("-", "", "hidden") else label
        cluster = f"{prefix}-premise-{prompt}" if prompt else None
        rows.append(PairRow(index, place, text_a, text_b, gold, cluster))
    return ParsedFiles(
        parts=[LanguageRows(language=request.languages[0], file=file, rows=rows)],
        files=(file,),
        dropped={NO_AGREEMENT: dropped} if dropped else {},
    )
