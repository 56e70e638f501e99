"""Format ``mlqa``: MLQA with question and context in the same language.

Lewis et al. (2020). ``{split}-context-{language}-question-{language}.json`` in SQuAD's form, in
the folder given, or in ``{split}`` or ``MLQA_V1/{split}`` within it (as archives unpack, and as
XTREME has it). Questions across languages are read in format ``squad``, whose path may say
``test-context-en-question-{language}.json``. Its languages share only some of their questions.
"""

from __future__ import annotations

from crosscal.data.files.per_language import file_format
from crosscal.data.spans.spans import SPANS
from crosscal.data.spans.squad import span_rows

_FILE = "{split}-context-{language}-question-{question}.json"

FORMAT = file_format(
    SPANS,
    "mlqa",
    "MLQA, same-language pairs: {split}-context-{language}-question-{language}.json, also in "
    "{split}/ or MLQA_V1/{split}/",
    (_FILE, "{split}/" + _FILE, "MLQA_V1/{split}/" + _FILE),
    span_rows,
    question=str,
)
