"""Format ``mnli-glue``: MultiNLI as the GLUE benchmark lays it out, or its copy on the Hub.

Wang et al. (2019). ``{split}.tsv`` with a header (index, promptID, ..., sentence1, sentence2,
..., gold_label), or ``{split}-*.parquet`` with premise, hypothesis, label (0 entailment,
1 neutral, 2 contradiction). The test splits have no labels.
"""

from __future__ import annotations

from crosscal.data.files.columns import named_columns
from crosscal.data.pairs.glue import glue_files, tsv_file
from crosscal.data.pairs.nli.mnli_rows import mnli_files
from crosscal.data.pairs.pairs import PAIRS
from crosscal.data.reader import Format, ParsedFiles, Request

LABELS = ("entailment", "neutral", "contradiction")


def _read(request: Request) -> ParsedFiles:
    file = tsv_file(request)
    if file is None:
        return glue_files(request, ("premise", "hypothesis"), LABELS)
    label = ["gold_label"] if request.require_labels else []
    rows = named_columns(file, ["sentence1", "sentence2", "promptID", *label])
    return mnli_files(
        (
            (number, text_a, text_b, gold[0] if gold else "", prompt)
            for number, (text_a, text_b, prompt, *gold) in rows
        ),
        file,
        request,
    )


FORMAT = Format(
    schema=PAIRS,
    name="mnli-glue",
    description="MultiNLI in GLUE form: {split}.tsv with sentence1, sentence2, gold_label, or "
    "{split}-*.parquet with premise, hypothesis, label",
    read=_read,
)
