r"""Penn-Treebank tokens back to running English text.

The tokenisation (Marcus et al. 1993; ``tokenizer.sed``) separates punctuation, splits clitics
(``do n't``, ``it 's``, ``can not``, ``gon na``), writes quotes as ````` `` ````` and ``''`` and
brackets as ``-LRB-``. Undoing it is a guess only where the tokens are ambiguous:

- ``''`` without a partner opens a quotation if it stands at the start of the text, else closes
  one; a second ````` `` ````` in a row closes the first.
- A lone ``'`` closes a word that began with one, or follows a plural or a clipped word
  (``agencies '``, ``lickin '``, ``th '``); elsewhere it stands for a dash and keeps its spaces.
- ``can not`` becomes ``cannot`` unless ``only``, ``just`` or ``merely`` follow.
- A double dash is joined to both sides, as everywhere in XNLI's English of the same genres;
  single dashes and slashes keep their spaces: what they had before cannot be known.

Two kinds of damage that tokenisation made unreadable are repaired on the way: HTML entities
(``& amp ;``) and soft hyphens left as ``? \xad``. Other damage of the source is left alone.
"""

from __future__ import annotations

import html
import re

_BRACKETS = {
    "-LRB-": "(",
    "-RRB-": ")",
    "-LSB-": "[",
    "-RSB-": "]",
    "-LCB-": "{",
    "-RCB-": "}",
}
_CLITICS = {"n't", "'s", "'re", "'ve", "'m", "'ll", "'d"}
_TO_THE_LEFT = {".", ",", ";", ":", "?", "!", "%", ")", "]", "}", "...", "…", "''", "'"}
_TO_THE_RIGHT = {"$", "£", "€", "¥", "(", "[", "{", "``"}
# What the tokeniser takes apart, by the first half; the second halves that belong to it.
_SPLIT_WORDS = {
    "can": {"not"},
    "gon": {"na"},
    "wan": {"na"},
    "got": {"ta"},
    "gim": {"me"},
    "lem": {"me"},
    "d'": {"ye"},
    "more": {"'n"},
    "'t": {"is", "was"},
}
_TWO_WORDS_BEFORE = {"only", "just", "merely", "simply"}
_CLIPPED = re.compile(r"(?:[\w-]{2,}in|an|th|o|ol|jus|mos|las|wi|ha|lil|m|d|l|n|t)", re.IGNORECASE)
_SOFT_HYPHEN = re.compile(r"(?:\s*\?\s*\xad)+\s*")
_ENTITY = re.compile(r"& (amp|lt|gt|quot|nbsp) ;")
_SPACED_DOTS = re.compile(r"(?<!\S)\.(?: \.){1,3}(?!\S)")
_INITIALS = re.compile(r"(?<!\S)([A-Z]{1,3}) & ([A-Z]{1,2})(?!\w)")
_DOUBLE_DASH = re.compile(r"(?<=[\w.,?!')]) -- (?=[\w'(])")
_WEB_ADDRESS = re.compile(r"(?<=\w) @ (?=[\w-]+\.[a-z])")


def detokenise(text: str) -> str:
    r"""Join Penn-Treebank tokens to running text.

    Examples
    --------
    >>> detokenise("He said , `` I do n't know if Jon 's ( old ) car can not go 9 % faster . ''")
    'He said, "I don\'t know if Jon\'s (old) car cannot go 9% faster."'
    """
    text = _SOFT_HYPHEN.sub("", text)
    text = _ENTITY.sub(lambda match: html.unescape(f"&{match[1]};").replace("\xa0", " "), text)
    text = _SPACED_DOTS.sub("...", text)
    text = _WEB_ADDRESS.sub("@", text)
    tokens = [_BRACKETS.get(token, token) for token in text.split(" ")]
    tokens = _directed_quotes(tokens)
    pieces: list[str] = []
    single_open = False
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else ""
        if len(token) > 1 and token.startswith("'") and token.casefold() not in _CLITICS:
            single_open = True
        if token == "'":
            joined = single_open or _takes_apostrophe(before)
            single_open = False
        else:
            joined = _joined(tokens, index)
        pieces.append(token if joined or not index else " " + token)
    written = "".join(pieces)
    written = written.replace("``", '"').replace("''", '"')
    written = _INITIALS.sub(r"\1&\2", written)
    return _DOUBLE_DASH.sub("--", written)


def _joined(tokens: list[str], index: int) -> bool:
    """Tell whether a token other than a lone apostrophe follows without a space."""
    if index == 0:
        return True
    token, before = tokens[index], tokens[index - 1]
    folded, folded_before = token.casefold(), before.casefold()
    if before in _TO_THE_RIGHT:
        return True
    if token in _TO_THE_LEFT or folded in _CLITICS:
        return True
    if before == "#" and token[:1].isdigit():
        return True
    if folded in _SPLIT_WORDS.get(folded_before, ()):
        after = tokens[index + 1].casefold() if index + 1 < len(tokens) else ""
        return not (folded == "not" and after in _TWO_WORDS_BEFORE)
    return False


def _takes_apostrophe(word: str) -> bool:
    """Tell whether a lone apostrophe belongs to the word before it."""
    if not word or not word[-1].isalpha():
        # After punctuation it can only close something whose opening was lost.
        return bool(word) and word[-1] in ".,!?…"
    return word[-1] in "sSzx" or bool(_CLIPPED.fullmatch(word))


def _directed_quotes(tokens: list[str]) -> list[str]:
    """Turn every double quote into the opening or the closing one, by the state before it."""
    directed: list[str] = []
    is_open = False
    for index, token in enumerate(tokens):
        if token in ("``", "''"):
            # Some taggers write an opening sign where a question or exclamation ends.
            ends = index > 0 and tokens[index - 1] in ("?", "!")
            if is_open or (ends and not {"``", "''"} & set(tokens[index + 1 :])):
                token, is_open = "''", False
            elif token == "``" or index == 0:
                token, is_open = "``", True
        directed.append(token)
    return directed


ARTEFACTS: dict[str, re.Pattern[str]] = {
    "space before punctuation": re.compile(r"(?<=\S) (?:[,;:?!%)\]]|\.(?!\.|\w))(?!\S)"),
    "split clitic": re.compile(r"(?<!\S)(?:n't|'(?:s|re|ve|m|ll|d))(?!\S)", re.IGNORECASE),
    "split word": re.compile(r"\b(?:gon na|wan na|got ta|lem me|gim me)\b", re.IGNORECASE),
    "quote token": re.compile(r"``|''"),
    "bracket token": re.compile(r"-[LR][RSC]B-"),
    "space after opening sign": re.compile(r"(?<!\S)[(\[$£€](?= )"),
    "lone apostrophe": re.compile(r"(?<= )'(?= |$)"),
    "lone double quote": re.compile(r'(?<!\S)"(?!\S)'),
}
"""What betrays Penn-Treebank tokens in a text, by name."""


def artefacts(text: str) -> tuple[str, ...]:
    """Name the traces of tokenisation that a text holds."""
    return tuple(name for name, pattern in ARTEFACTS.items() if pattern.search(text))
