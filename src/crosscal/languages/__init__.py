"""Languages: a table of those of which facts are known, and any other by its code."""

from crosscal.languages.table import (
    LANGUAGES,
    MORPHOLOGICALLY_RICH,
    RICH_TTR,
    XNLI,
    Language,
    is_rich,
)
from crosscal.languages.tags import default_groups, find_language, is_english, language, table_code

__all__ = [
    "LANGUAGES",
    "MORPHOLOGICALLY_RICH",
    "RICH_TTR",
    "XNLI",
    "Language",
    "default_groups",
    "find_language",
    "is_english",
    "is_rich",
    "language",
    "table_code",
]
