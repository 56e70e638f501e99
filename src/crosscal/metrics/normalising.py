"""What two answers may differ in and still be the same answer.

`squad` and `mlqa` are the rules of the benchmarks' own evaluators, faults included; `sound` is
one rule for all languages that mends them. Each takes a text and the code of its language, and
returns tokens joined by single spaces.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from crosscal.exceptions import DataError
from crosscal.languages import table_code

Normalise = Callable[[str, str], str]

_ASCII_PUNCTUATION = frozenset(string.punctuation)
_ENGLISH_ARTICLES = re.compile(r"\b(a|an|the)\b")

# The words that MLQA's evaluator takes for articles; its Vietnamese ones are not articles.
ARTICLES: dict[str, tuple[str, ...]] = {
    "en": ("a", "an", "the"),
    "es": ("un", "una", "unos", "unas", "el", "la", "los", "las"),
    "vi": ("của", "là", "cái", "chiếc", "những"),
    "de": tuple("ein eine einen einem eines einer der die das den dem des".split()),
}
ARABIC_ARTICLE = "ال"
MLQA_LANGUAGES = ("ar", "de", "en", "es", "hi", "vi", "zh")

_HAN_OF_MLQA = re.compile("([\u4e00-\u9fa5])")
_ARTICLE_PATTERNS = {
    code: re.compile(rf"\b(?:{'|'.join(words)})\b") for code, words in ARTICLES.items()
}

# Thai, Lao, Japanese syllables, and Chinese characters with their iteration marks and numerals.
_UNSPACED = re.compile(
    "[\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ebd\u0ec0-\u0ece\u0edc-\u0edf\u2e80-\u2fd5"
    "\u3005-\u3007\u3021-\u302f\u3031-\u3035\u3038-\u303c\u3041-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U0001aff0-\U0001b16f\U00020000-\U000323af]"
)
# The vowel AM of Thai and Lao: a letter, but UAX 29 attaches it to the one before it.
_ATTACHED = frozenset("\u0e33\u0eb3")
# Runs are asked the same questions, and each answer is normalised for two metrics.
_REMEMBERED = 2**16


def is_punctuation(character: str) -> bool:
    """Tell whether a character is punctuation: a Unicode category P, or ASCII punctuation.

    ASCII punctuation holds nine symbols that Unicode calls otherwise: ``$+<=>^`|~``.
    """
    return character in _ASCII_PUNCTUATION or unicodedata.category(character)[0] == "P"


@lru_cache(maxsize=_REMEMBERED)
def squad(text: str, language: str) -> str:
    """Normalise as SQuAD v1.1 and v2.0 do, which XTREME uses for XQuAD and TyDiQA too.

    Lower case; no ASCII punctuation; no ``a``, ``an``, ``the``, whatever the language; single
    spaces. A text without spaces is one token, so that in Chinese and Thai F1 is nearly exact
    match.
    """
    bare = "".join(c for c in text.lower() if c not in _ASCII_PUNCTUATION)
    return " ".join(_ENGLISH_ARTICLES.sub(" ", bare).split())


@lru_cache(maxsize=_REMEMBERED)
def mlqa(text: str, language: str) -> str:
    """Normalise as MLQA's own evaluator does (Lewis et al. 2020), faults included.

    Lower case; no punctuation of any script; no articles; Chinese characters apart. Its faults: in
    Arabic every ``ال`` becomes a space, wherever in a word it stands; only the characters U+4E00 to
    U+9FA5 count as Chinese; and its Vietnamese articles are other words.
    """
    language = table_code(language)
    if language not in MLQA_LANGUAGES:
        raise DataError(
            f"MLQA has no rules for language {language!r}",
            where="language",
            remedy=f"Its languages are {', '.join(MLQA_LANGUAGES)}",
        )
    bare = "".join(c for c in text.lower() if not is_punctuation(c))
    if language == "ar":
        bare = bare.replace(ARABIC_ARTICLE, " ")
    elif language == "zh":
        bare = _HAN_OF_MLQA.sub(r" \1 ", bare)
    elif language in _ARTICLE_PATTERNS:
        bare = _ARTICLE_PATTERNS[language].sub(" ", bare)
    return " ".join(bare.split())


@lru_cache(maxsize=_REMEMBERED)
def sound(text: str, language: str) -> str:
    """Normalise by one rule for all languages; empty only if nothing visible is there.

    Canonically equivalent texts are equal, whatever their case; no punctuation of any script and no
    invisible character (category Cf) counts; scripts without spaces are divided into `tokens`; the
    language's own articles are dropped, in Arabic only at the start of a word. What would vanish
    altogether stays: ``"the"`` and ``"%"`` are not empty answers.
    """
    language = table_code(language)
    decomposed = unicodedata.normalize("NFD", text).casefold()
    folded = unicodedata.normalize("NFC", decomposed)
    visible = "".join(c for c in folded if unicodedata.category(c) != "Cf")
    words = tokens("".join(c for c in visible if not is_punctuation(c))) or tokens(visible)
    if language == "ar":
        words = [word.removeprefix(ARABIC_ARTICLE) or word for word in words]
    articles = ARTICLES.get(language, ())
    return " ".join([word for word in words if word not in articles] or words)


def tokens(text: str) -> list[str]:
    """Divide a text into words, and scripts without spaces into what readers see as a letter."""
    # Chinese characters and Japanese syllables are one token each; Thai and Lao are divided at
    # grapheme clusters (UAX 29). Words would need a dictionary, and the score would depend on
    # whose; single code points would make every tone mark a token that is often right by chance.
    # The script decides, not the language: an English answer may hold a Chinese name.
    pieces: list[str] = []
    last = ""  # what the last token can be lengthened by: "marks", "letters" or nothing
    for c in text:
        if c.isspace():
            last = ""
        elif last == "marks" and _attaches(c):
            pieces[-1] += c
        elif _UNSPACED.match(c):
            pieces.append(c)
            last = "marks"
        elif last == "letters":
            pieces[-1] += c
        else:
            pieces.append(c)
            last = "letters"
    return pieces


def _attaches(character: str) -> bool:
    return character in _ATTACHED or unicodedata.category(character)[0] == "M"
