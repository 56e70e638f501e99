"""Format ``masakhaner``: MasakhaNER as its authors publish it, in ten languages of Africa.

Adelani et al. (2021). ``{code}/{split}.txt`` with word and tag, a space between, and a blank line
between sentences. Folders are named by codes of three letters, on the Hub too: ``swa`` is Swahili.
"""

from __future__ import annotations

from crosscal.data.files.naming import check_languages
from crosscal.data.files.per_language import file_format
from crosscal.data.tags.conll import conll_rows
from crosscal.data.tags.tags import TAGS

FOLDERS = {
    "am": "amh",
    "ha": "hau",
    "ig": "ibo",
    "lg": "lug",
    "luo": "luo",
    "pcm": "pcm",
    "rw": "kin",
    "sw": "swa",
    "wo": "wol",
    "yo": "yor",
}
"""Language to the name of its folder."""

FORMAT = file_format(
    TAGS,
    "masakhaner",
    "MasakhaNER: folder of {code}/{split}.txt, word SPACE tag, blank line between sentences; codes "
    "of three letters are found for its languages",
    ("{code}/{split}.txt",),
    conll_rows,
    check=lambda request: check_languages(request, tuple(FOLDERS), "masakhaner"),
    code=FOLDERS.__getitem__,
)
