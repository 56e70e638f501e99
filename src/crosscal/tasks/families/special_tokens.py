"""What a tokenizer puts around a text, and how it marks the words of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosscal.exceptions import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tokenizers import Tokenizer

# Of each some tokenizer has a token that is no special one.
_LETTERS = ("a", "1", "?", "的")
_MASKS = ("<mask>", "[MASK]")
_WORDS = ("a", "the", "in", "1", "A")


def around_text(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """Return the special tokens before a text and those behind it; decoders may have none."""
    for letter in _LETTERS:
        encoding = tokenizer.encode(letter)
        inner = [i for i, special in enumerate(encoding.special_tokens_mask) if not special]
        if inner:
            return encoding.ids[: inner[0]], encoding.ids[inner[-1] + 1 :]
    return [], []


def require_mask(tokenizer: Tokenizer) -> int:
    """Return the token that stands for a masked one."""
    added = tokenizer.get_added_tokens_decoder().values()
    named = [token.content for token in added if token.special and "mask" in token.content.lower()]
    for token in (*_MASKS, *sorted(named)):
        index = tokenizer.token_to_id(token)
        if index is not None:
            return index
    raise SettingsError(
        "the encoder's tokenizer has no mask token",
        where="encoder.name",
        remedy="Leave out the share of masked language modelling, or choose another encoder",
    )


def as_in_text(tokenizer: Tokenizer) -> Callable[[Sequence[str]], list[str]]:
    """Return a function that writes words so that they get the tokens of running text.

    Tokenizers of the sentencepiece kind mark the beginning of every word they are given. Byte-level
    ones take its space for the mark, and given words without it see none that begins.
    """
    text = tokenizer.encode(" ".join(_WORDS), add_special_tokens=False).ids
    for write in (list, _with_spaces):
        words = tokenizer.encode(write(_WORDS), is_pretokenized=True, add_special_tokens=False)
        if words.ids == text:
            return write
    raise SettingsError(
        "the encoder's tokenizer gives words other tokens than the same words in a sentence",
        where="encoder.name",
        remedy="Its family cannot be tagged: choose an encoder with another tokenizer",
    )


def _with_spaces(words: Sequence[str]) -> list[str]:
    return [*words[:1], *(f" {word}" for word in words[1:])]
