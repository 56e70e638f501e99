"""The languages: names, scripts, families, pretraining sizes and measures of morphology.

Where the figures come from, and how far they can be trusted:

==================  =========  ==================================================================
field               status     source
==================  =========  ==================================================================
pretraining_gib     verified   CC-100 size in GiB, Conneau et al. 2020, Table 6
wals_22a, wals_49a  verified   WALS Online v2020.4 (Dryer and Haspelmath 2013), features 22A
                               (Bickel and Nichols) and 49A (Iggesen); for Arabic the Egyptian
                               variety, since WALS has almost nothing on Standard Arabic; for
                               Aymara the central one; none where it has only other varieties
                               (Quechua, Nahuatl, Otomí)
syntax_distance     computed   from WALS Online v2020.4: share of its features 81A to 121A (word
                               order, simple clauses) in which the language differs from English,
                               of those that both have; none where these are fewer than 15;
                               Urdu 17, Portuguese 17, Telugu 23, Estonian 23, Malayalam 23,
                               Marathi 24, Bulgarian 25, Italian 27, Dutch 29, others 31 to 41;
                               varieties as above
ttr, mattr500,      computed   on the same 10,000 parallel XNLI sentences in every language;
word_length,                   Thai and Chinese segmented by pythainlp (newmm) and jieba, so
tokens_ratio,                  theirs depend on the segmenter; Vietnamese counted by syllables,
types_ratio                    which are written apart, so its type counts are too low
==================  =========  ==================================================================

None means unknown, never zero. Languages outside this table are found by `tags`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class Language:
    """One language."""

    # as in XTREME's file names (ISO 639-1); of three letters (ISO 639-3, or what the data set says)
    # for languages that have none of two; of other languages as the user writes it
    code: str
    # name, script, family: in English; the family is the largest commonly accepted one, or
    # ``"creole"``
    name: str
    script: str | None
    family: str | None
    direction: Literal["ltr", "rtl"] = "ltr"
    # text in CC-100, the pretraining corpus of XLM-R, in GiB (Chinese: simplified)
    pretraining_gib: float | None = None
    wals_22a: str | None = None  # inflectional synthesis of the verb: categories per word
    wals_49a: str | None = None  # number of cases
    # from English: 0 the same, 1 different in every feature known of both
    syntax_distance: float | None = None
    ttr: float | None = None  # type-token ratio: distinct words / words
    # the same, averaged over windows of 500 words, which does not depend on text length
    mattr500: float | None = None
    # mean graphemes per word; not comparable between kinds of script
    word_length: float | None = None
    # tokens_ratio, types_ratio: words, and distinct words, relative to the same text in English
    tokens_ratio: float | None = None
    types_ratio: float | None = None


# Code, name, script, family, GiB of CC-100; the languages of XNLI in the order of Conneau et al.
_NAMES: tuple[tuple[str, str, str, str, float | None], ...] = (
    ("en", "English", "Latin", "Indo-European", 300.8),
    ("fr", "French", "Latin", "Indo-European", 56.8),
    ("es", "Spanish", "Latin", "Indo-European", 53.3),
    ("de", "German", "Latin", "Indo-European", 66.6),
    ("el", "Greek", "Greek", "Indo-European", 46.9),
    ("bg", "Bulgarian", "Cyrillic", "Indo-European", 57.5),
    ("ru", "Russian", "Cyrillic", "Indo-European", 278.0),
    ("tr", "Turkish", "Latin", "Turkic", 20.9),
    ("ar", "Arabic", "Arabic", "Afro-Asiatic", 28.0),
    ("vi", "Vietnamese", "Latin", "Austroasiatic", 137.3),
    ("th", "Thai", "Thai", "Kra-Dai", 71.7),
    ("zh", "Chinese", "Han", "Sino-Tibetan", 46.9),
    ("hi", "Hindi", "Devanagari", "Indo-European", 20.2),
    ("sw", "Swahili", "Latin", "Niger-Congo", 1.6),
    ("ur", "Urdu", "Arabic", "Indo-European", 5.7),
    # The other languages of XTREME.
    ("af", "Afrikaans", "Latin", "Indo-European", None),
    ("bn", "Bengali", "Bengali", "Indo-European", None),
    ("et", "Estonian", "Latin", "Uralic", None),
    ("eu", "Basque", "Latin", "isolate", 2.0),
    ("fa", "Persian", "Arabic", "Indo-European", None),
    ("fi", "Finnish", "Latin", "Uralic", 54.3),
    ("he", "Hebrew", "Hebrew", "Afro-Asiatic", None),
    ("hu", "Hungarian", "Latin", "Uralic", 58.4),
    ("id", "Indonesian", "Latin", "Austronesian", None),
    ("it", "Italian", "Latin", "Indo-European", None),
    ("ja", "Japanese", "Japanese", "Japonic", None),
    ("jv", "Javanese", "Latin", "Austronesian", None),
    ("ka", "Georgian", "Georgian", "Kartvelian", None),
    ("kk", "Kazakh", "Cyrillic", "Turkic", None),
    ("ko", "Korean", "Hangul", "Koreanic", 54.2),
    ("ml", "Malayalam", "Malayalam", "Dravidian", None),
    ("mr", "Marathi", "Devanagari", "Indo-European", None),
    ("ms", "Malay", "Latin", "Austronesian", None),
    ("my", "Burmese", "Burmese", "Sino-Tibetan", 0.4),
    ("nl", "Dutch", "Latin", "Indo-European", None),
    ("pt", "Portuguese", "Latin", "Indo-European", None),
    ("ta", "Tamil", "Tamil", "Dravidian", None),
    ("te", "Telugu", "Telugu", "Dravidian", None),
    ("tl", "Tagalog", "Latin", "Austronesian", None),
    ("yo", "Yoruba", "Latin", "Niger-Congo", None),
    # AmericasNLI, JamPatoisNLI and XCOPA.
    ("aym", "Aymara", "Latin", "Aymaran", None),
    ("bzd", "Bribri", "Latin", "Chibchan", None),
    ("cni", "Asháninka", "Latin", "Arawakan", None),
    ("gn", "Guaraní", "Latin", "Tupian", None),
    ("hch", "Wixarika", "Latin", "Uto-Aztecan", None),
    ("nah", "Nahuatl", "Latin", "Uto-Aztecan", None),
    ("oto", "Otomí", "Latin", "Oto-Manguean", None),
    ("quy", "Ayacucho Quechua", "Latin", "Quechuan", None),
    ("shp", "Shipibo-Konibo", "Latin", "Pano-Tacanan", None),
    ("tar", "Rarámuri", "Latin", "Uto-Aztecan", None),
    ("jam", "Jamaican Patois", "Latin", "creole", None),
    ("ht", "Haitian Creole", "Latin", "creole", None),
    ("qu", "Quechua", "Latin", "Quechuan", None),
    # MasakhaNER.
    ("am", "Amharic", "Ethiopic", "Afro-Asiatic", None),
    ("ha", "Hausa", "Latin", "Afro-Asiatic", None),
    ("ig", "Igbo", "Latin", "Niger-Congo", None),
    ("rw", "Kinyarwanda", "Latin", "Niger-Congo", None),
    ("lg", "Luganda", "Latin", "Niger-Congo", None),
    ("luo", "Luo", "Latin", "Nilotic", None),
    ("pcm", "Nigerian Pidgin", "Latin", "creole", None),
    ("wo", "Wolof", "Latin", "Niger-Congo", None),
    # Added to XTREME's tagging tasks by XTREME-R.
    ("lt", "Lithuanian", "Latin", "Indo-European", None),
    ("pl", "Polish", "Latin", "Indo-European", None),
    ("ro", "Romanian", "Latin", "Indo-European", None),
    ("uk", "Ukrainian", "Cyrillic", "Indo-European", None),
)

# WALS 22A and 49A.
_WALS: dict[str, tuple[str | None, str | None]] = {
    "en": ("2-3", "2"),
    "fr": ("4-5", "none"),
    "es": ("4-5", "none"),
    "de": ("2-3", "4"),
    "el": ("4-5", "3"),
    "bg": (None, "none"),
    "ru": ("4-5", "6-7"),
    "tr": ("6-7", "6-7"),
    "ar": ("6-7", "none"),
    "vi": ("0-1", "none"),
    "th": ("2-3", "none"),
    "zh": ("0-1", "none"),
    "hi": ("2-3", None),
    "sw": ("4-5", "none"),
    "ur": (None, "2"),
    "eu": ("4-5", "10 or more"),
    "fi": ("2-3", "10 or more"),
    "hu": ("4-5", "10 or more"),
    "ka": ("8-9", "6-7"),
    "ko": ("6-7", "6-7"),
    "aym": ("8-9", "6-7"),
    "bzd": (None, "borderline"),
    "gn": ("4-5", "none"),
    "shp": ("6-7", "6-7"),
    "am": (None, "2"),
    "ha": ("6-7", "none"),
    "ig": (None, "none"),
    "rw": (None, "none"),
    "lt": (None, "6-7"),
    "pl": (None, "6-7"),
    "ro": (None, "2"),
}

# Share of the WALS features 81A to 121A that differ from English.
_SYNTAX: dict[str, float] = {
    "en": 0.000,
    "fr": 0.256,
    "es": 0.366,
    "de": 0.361,
    "el": 0.400,
    "bg": 0.240,
    "ru": 0.300,
    "tr": 0.537,
    "ar": 0.500,
    "vi": 0.600,
    "th": 0.634,
    "zh": 0.538,
    "hi": 0.462,
    "sw": 0.513,
    "ur": 0.647,
    "et": 0.261,
    "eu": 0.659,
    "fa": 0.538,
    "fi": 0.366,
    "he": 0.450,
    "hu": 0.500,
    "id": 0.450,
    "it": 0.333,
    "ja": 0.675,
    "ka": 0.513,
    "ko": 0.600,
    "ml": 0.652,
    "mr": 0.708,
    "my": 0.780,
    "nl": 0.276,
    "pt": 0.353,
    "ta": 0.613,
    "te": 0.609,
    "tl": 0.600,
    "yo": 0.500,
}

# TTR, MATTR-500, word length, tokens and types relative to English.
# Korean is computed on its own translation of XNLI (Ham et al. 2020), which is parallel.
_CORPUS: dict[str, tuple[float, float, float, float, float]] = {
    "en": (0.098, 0.468, 4.62, 1.00, 1.00),
    "fr": (0.118, 0.498, 4.91, 1.11, 1.34),
    "es": (0.121, 0.478, 4.87, 1.05, 1.29),
    "de": (0.149, 0.534, 5.52, 0.98, 1.48),
    "el": (0.158, 0.526, 5.30, 1.02, 1.63),
    "bg": (0.174, 0.547, 5.10, 0.95, 1.68),
    "ru": (0.240, 0.656, 5.72, 0.87, 2.13),
    "tr": (0.283, 0.700, 6.44, 0.75, 2.15),
    "ar": (0.230, 0.663, 4.55, 0.85, 1.98),
    "vi": (0.033, 0.469, 3.38, 1.35, 0.45),
    "th": (0.090, 0.520, 3.66, 1.06, 0.97),
    "zh": (0.137, 0.552, 1.83, 0.89, 1.24),
    "hi": (0.110, 0.513, 2.30, 1.15, 1.28),
    "sw": (0.157, 0.570, 5.44, 0.87, 1.39),
    "ur": (0.105, 0.521, 3.55, 1.21, 1.29),
    "ko": (0.321, 0.723, 2.95, 0.72, 2.36),
}

_RIGHT_TO_LEFT = {"Arabic", "Hebrew", "Thaana", "Syriac", "N’Ko", "Adlam", "Hanifi Rohingya"}


def direction_of(script: str | None) -> Literal["ltr", "rtl"]:
    """Return the direction in which a script is written."""
    return "rtl" if script in _RIGHT_TO_LEFT else "ltr"


def _entry(code: str, name: str, script: str, family: str, gib: float | None) -> Language:
    verb, cases = _WALS.get(code, (None, None))
    ttr, mattr, length, tokens, types = _CORPUS.get(code, (None,) * 5)
    return Language(
        code=code,
        name=name,
        script=script,
        family=family,
        direction=direction_of(script),
        pretraining_gib=gib,
        wals_22a=verb,
        wals_49a=cases,
        syntax_distance=_SYNTAX.get(code),
        ttr=ttr,
        mattr500=mattr,
        word_length=length,
        tokens_ratio=tokens,
        types_ratio=types,
    )


LANGUAGES: dict[str, Language] = {row[0]: _entry(*row) for row in _NAMES}
"""Languages of which facts are known, by code: first XNLI's, as in Conneau et al. 2020."""

XNLI: tuple[str, ...] = tuple(LANGUAGES)[:15]
"""The 15 languages of XNLI."""

RICH_TTR = 0.15
"""Type-token ratio above which a language counts as morphologically rich by default.

A line drawn through a continuum: German (.149) lies just below it, Swahili (.157) just above,
and a word pattern that keeps hyphens and apostrophes inside words puts German at .152. The ratio
falls with the length of the text, so the line belongs to these 10,000 sentences.
"""


def is_rich(language: Language) -> bool | None:
    """Tell whether a language counts as morphologically rich by default."""
    return None if language.ttr is None else language.ttr > RICH_TTR


MORPHOLOGICALLY_RICH: tuple[str, ...] = tuple(
    sorted(
        (code for code in XNLI if is_rich(LANGUAGES[code])),
        key=lambda code: -(LANGUAGES[code].ttr or 0.0),
    )
)
"""The XNLI languages for which `is_rich` holds, richest first."""
