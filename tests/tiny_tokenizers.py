"""Tiny tokenizers of every family, trained on the spot on sentences in several scripts."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from tests.conftest import SENTENCES

SPECIALS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
_BYTES = [f"<0x{value:02X}>" for value in range(256)]
# Of Llama 3 and Qwen: pieces of text within which byte pairs are joined.
_PIECES = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# The larger part of the scripts is known to the vocabularies as bytes only.
_LATIN = SENTENCES[:7]


def _template(before: str, between: str, behind: str) -> Any:
    from tokenizers.processors import TemplateProcessing

    return TemplateProcessing(
        single=f"{before} $A {behind}".strip(),
        pair=f"{before} $A {between} $B {behind}".strip(),
        special_tokens=[(token, SPECIALS.index(token)) for token in SPECIALS],
    )


def _unigram(normalizer: Any = None, pre_tokenizer: Any = None, *, byte_fallback: bool = False):
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizer or normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizer or pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=500,
        special_tokens=SPECIALS + (_BYTES if byte_fallback else []),
        unk_token="<unk>",
        show_progress=False,
    )
    tokenizer.train_from_iterator(_LATIN if byte_fallback else SENTENCES, trainer)
    if byte_fallback:
        tokenizer = _with_bytes(tokenizer)
    tokenizer.post_processor = _template("<s>", "</s> </s>", "</s>")
    return tokenizer


def _with_bytes(tokenizer: Any) -> Any:
    from tokenizers import Tokenizer

    state = json.loads(tokenizer.to_str())
    state["model"]["byte_fallback"] = True
    added = [token for token in state["added_tokens"] if token["content"] not in _BYTES]
    return Tokenizer.from_str(json.dumps({**state, "added_tokens": added}))


def _bpe(pre_tokenizer: Any, normalizer: Any = None) -> Any:
    """Byte-level BPE."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return tokenizer


def _metaspace_bpe(normalizer: Any, pre_tokenizer: Any = None) -> Any:
    """BPE over words with ``▁`` for the space before them, and bytes for what is rare."""
    from tokenizers import Tokenizer, models, trainers

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizer
    if pre_tokenizer is not None:
        tokenizer.pre_tokenizer = pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=620, special_tokens=SPECIALS + _BYTES, show_progress=False
    )
    # Word by word: nothing else keeps whole sentences from becoming tokens.
    words = [word for sentence in _LATIN for word in sentence.split()]
    tokenizer.train_from_iterator([f" {word}" for word in words], trainer)
    tokenizer = _with_bytes(tokenizer)
    tokenizer.post_processor = _template("<s>", "<s>", "")
    return tokenizer


def _wordpiece(*, lowercase: bool) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=600, min_frequency=2, special_tokens=SPECIALS, show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.post_processor = processors.BertProcessing(("</s>", 2), ("<s>", 0))
    return tokenizer


def _xlm_roberta() -> Any:
    from tokenizers import pre_tokenizers as pre

    return _unigram(pre_tokenizer=pre.Sequence([pre.WhitespaceSplit(), pre.Metaspace()]))


def _mt5() -> Any:
    tokenizer = _unigram()
    tokenizer.post_processor = _template("", "</s>", "</s>")
    return tokenizer


def _albert() -> Any:
    from tokenizers import normalizers as norm

    return _unigram(norm.Sequence([norm.NFKD(), norm.StripAccents(), norm.Lowercase()]))


def _never_prefixed() -> Any:
    from tokenizers.pre_tokenizers import Metaspace

    return _unigram(pre_tokenizer=Metaspace(prepend_scheme="never"))


def _mpnet() -> Any:
    from tokenizers.processors import RobertaProcessing

    tokenizer = _wordpiece(lowercase=True)
    tokenizer.post_processor = RobertaProcessing(("</s>", 2), ("<s>", 0))
    return tokenizer


def _roberta(*, prefix: bool) -> Any:
    from tokenizers.pre_tokenizers import ByteLevel
    from tokenizers.processors import RobertaProcessing

    tokenizer = _bpe(ByteLevel(add_prefix_space=prefix))
    tokenizer.post_processor = RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=prefix
    )
    return tokenizer


def _modernbert() -> Any:
    from tokenizers.normalizers import NFC
    from tokenizers.pre_tokenizers import ByteLevel

    tokenizer = _bpe(ByteLevel(add_prefix_space=False), NFC())
    tokenizer.post_processor = _template("<s>", "</s>", "</s>")
    return tokenizer


def _split_bytes() -> Any:
    from tokenizers import Regex
    from tokenizers import pre_tokenizers as pre

    split = pre.Split(Regex(_PIECES), "isolated")
    return pre.Sequence([split, pre.ByteLevel(add_prefix_space=False, use_regex=False)])


def _llama3() -> Any:
    from tokenizers.processors import ByteLevel, Sequence

    tokenizer = _bpe(_split_bytes())
    tokenizer.post_processor = Sequence([ByteLevel(trim_offsets=True), _template("<s>", "<s>", "")])
    return tokenizer


def _qwen() -> Any:
    from tokenizers.normalizers import NFC
    from tokenizers.processors import ByteLevel

    tokenizer = _bpe(_split_bytes(), NFC())
    tokenizer.post_processor = ByteLevel(trim_offsets=False)
    return tokenizer


def _gemma() -> Any:
    from tokenizers.normalizers import Replace
    from tokenizers.pre_tokenizers import Split

    return _metaspace_bpe(Replace(" ", "▁"), Split(" ", "merged_with_previous"))


def _llama2() -> Any:
    from tokenizers.normalizers import Prepend, Replace, Sequence

    return _metaspace_bpe(Sequence([Prepend("▁"), Replace(" ", "▁")]))


TOKENIZERS: dict[str, Callable[[], Any]] = {
    "unigram": _unigram,
    "unigram, byte fallback": lambda: _unigram(byte_fallback=True),
    "unigram, no prefix": _never_prefixed,
    "xlm-roberta": _xlm_roberta,
    "mt5": _mt5,
    "albert": _albert,
    "wordpiece, cased": lambda: _wordpiece(lowercase=False),
    "wordpiece, uncased": lambda: _wordpiece(lowercase=True),
    "mpnet": _mpnet,
    "roberta": lambda: _roberta(prefix=False),
    "roberta, prefix space": lambda: _roberta(prefix=True),
    "modernbert": _modernbert,
    "llama3": _llama3,
    "qwen": _qwen,
    "gemma": _gemma,
    "llama2": _llama2,
}


@cache
def tokenizer_file(name: str) -> str:
    """Text of the ``tokenizer.json`` of a family."""
    text: str = TOKENIZERS[name]().to_str()
    return text


SETTINGS = json.dumps(
    {
        "cls_token": "<s>",
        "pad_token": "<pad>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
)
