"""The definitions of the scores, read and carried out another way than in the package."""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from itertools import groupby

UNICODE_PUNCTUATION = {
    chr(i) for i in range(sys.maxunicode) if unicodedata.category(chr(i)).startswith("P")
} | set(string.punctuation)
ARTICLES = {
    "en": "a an the",
    "es": "un una unos unas el la los las",
    "vi": "của là cái chiếc những",
    "de": "ein eine einen einem eines einer der die das den dem des",
}


def runs(sentence):
    """Parts of speech: runs of one tag, but SCONJ and SYM one a word."""
    place = 0
    for tag, run in groupby(sentence):
        length = len(list(run))
        if tag[0] in "SB":
            yield from ((tag, n, n) for n in range(place, place + length))
        else:
            yield tag, place, place + length - 1
        place += length


def entities(sentence):
    """Lenient IOB2: a maximal match of one type with a B at its head or nowhere."""
    kinds = {tag[2:]: chr(ord("a") + n) for n, tag in enumerate(sorted(set(sentence) - {"O"}))}
    text = "".join(
        "." if tag == "O" else kinds[tag[2:]].upper() if tag[0] == "B" else kinds[tag[2:]]
        for tag in sentence
    )
    for kind, letter in kinds.items():
        for match in re.finditer(f"[{letter}{letter.upper()}]{letter}*", text):
            yield kind, match.start(), match.end() - 1


def chunk_figures(reading, said, gold):
    """F1, precision and recall from counts: F1 = 2 right / (said + there)."""
    right = many_said = many_gold = 0
    for ours, theirs in zip(said, gold, strict=True):
        a, b = set(reading(ours)), set(reading(theirs))
        right, many_said, many_gold = right + len(a & b), many_said + len(a), many_gold + len(b)
    return {
        "f1": 2 * right / max(1, many_said + many_gold),
        "precision": right / max(1, many_said),
        "recall": right / max(1, many_gold),
    }


def words(text, articles, punctuation, *, characters=False, arabic=False):
    """Strike punctuation by a table, articles as whole runs of letters."""
    text = text.lower().translate({ord(c): None for c in punctuation})
    parts = re.findall(r"\w+|\W+", text)
    text = "".join(" " if part in articles.split() else part for part in parts)
    if arabic:
        text = " ".join(text.split("ال"))
    if characters:
        return re.findall(r"[\u4e00-\u9fa5]|[^\s\u4e00-\u9fa5]+", text)
    return text.split()


def squad_words(text):
    return words(text, ARTICLES["en"], string.punctuation)


def mlqa_words(text, language):
    kinds = {"characters": language == "zh", "arabic": language == "ar"}
    return words(text, ARTICLES.get(language, ""), UNICODE_PUNCTUATION, **kinds)


def bag_f1(said, true):
    left, shared = list(true), 0
    for word in said:
        if word in left:
            left.remove(word)
            shared += 1
    return 2 * shared / (len(said) + len(true)) if shared else 0.0


def answer_figures(read, answers, golds):
    exact, f1 = [], []
    for name, right in golds.items():
        said = None if name not in answers else read(answers[name])
        exact.append(said is not None and any(said == read(text) for text in right))
        f1.append(0.0 if said is None else max(bag_f1(said, read(text)) for text in right))
    return {"exact_match": sum(exact) / len(exact), "f1": sum(f1) / len(f1)}
