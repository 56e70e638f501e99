"""Format ``xquad``: XQuAD, translations of part of SQuAD, one file a language.

Artetxe et al. (2020). ``xquad.{language}.json`` in SQuAD's form: 1,190 questions about 240
paragraphs, the same in all languages. It has one split, a test.
"""

from __future__ import annotations

from crosscal.data.files.per_language import file_format
from crosscal.data.reader import Request
from crosscal.data.spans.spans import SPANS
from crosscal.data.spans.squad import span_rows
from crosscal.exceptions import SettingsError


def check_test(request: Request) -> None:
    """Refuse to hand out XQuAD as training or development data."""
    if request.split not in (None, "test", "validation"):
        raise SettingsError(
            f"XQuAD has no split '{request.split}'",
            where="split",
            remedy="It is all 'test' (the Hub calls it 'validation'); train and develop on SQuAD",
        )


FORMAT = file_format(
    SPANS,
    "xquad",
    "XQuAD: folder of xquad.{language}.json in SQuAD's form; the same questions in every language",
    ("xquad.{language}.json",),
    span_rows,
    parallel=True,
    check=check_test,
)
