"""Small files of this family, for the tests of its readers."""

from __future__ import annotations

# Words of several scripts; a right-to-left one, one without spaces, and letters like separators.
HEBREW = "הילדה\tNOUN\nקוראת\tVERB\n.\tPUNCT\n"


SWAHILI = "Wizara B-ORG\nya I-ORG\nafya I-ORG\n\nArusha B-LOC\n. O\n"


def sentences(reading):
    return [(e.words, e.tags) for e in reading.examples]


def conllu(*words: tuple[str, str, str], comments: str = "") -> str:
    lines = ("\t".join([index, word, "_", tag, *"______"]) for index, word, tag in words)
    return comments + "\n".join(lines) + "\n\n"


TURKISH = conllu(
    ("1-2", "evdeki", "_"),
    ("1", "evde", "NOUN"),
    ("2", "ki", "ADP"),
    ("2.1", "olan", "VERB"),
    ("3", "kedi", "NOUN"),
    comments="# newdoc\n# sent_id = t-1\n# text = evdeki kedi\n",
)


AUTO = (
    "ID=wsj_{0:04d}.1 PARSER=GOLD NUMPARSE=1\n"
    "(<T S[dcl] 0 2> (<T NP 0 1> (<L N NNP NNP Vinken{0} N>) ) "
    "(<T S[dcl]\\NP 1 2> (<L S[dcl]\\NP VBZ VBZ rests S[dcl]\\NP_1>) (<L . . . . .>) ) ) \n"
)
